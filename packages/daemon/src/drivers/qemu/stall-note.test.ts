import assert from "node:assert/strict";
import { test } from "node:test";

import { StallNote } from "./stall-note.ts";

const error = (action: string) => ({ name: "BLOCK_IO_ERROR", data: { action, nospace: true } });

test("stall note: a write that stops the guest is a stall until the guest is resumed", () => {
  const note = new StallNote();
  note.take({ name: "STOP", data: {} });
  assert.equal(note.reason, undefined);
  note.take(error("stop"));
  note.take({ name: "STOP", data: {} });
  assert.match(note.reason ?? "", /the host's disk is full/);
  note.take({ name: "RESUME", data: {} });
  assert.equal(note.reason, undefined);
});

test("stall note: an error that the guest is told of is none", () => {
  const note = new StallNote();
  note.take(error("report"));
  note.take({ name: "BLOCK_IO_ERROR", data: {} });
  assert.equal(note.reason, undefined);
});

test("stall note: a machine that is found standing still for its disk is stalled, a paused one is not", () => {
  const note = new StallNote();
  note.takeStatus("paused");
  assert.equal(note.reason, undefined);
  note.takeStatus("io-error");
  assert.match(note.reason ?? "", /full/);
});
