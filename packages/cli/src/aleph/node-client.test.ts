import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveConnectionError } from "@alcove/sdk";

import { unreachable } from "./node-client.ts";

const NODE = "http://localhost:4020";

function failing(code: string): AlcoveConnectionError {
  return new AlcoveConnectionError("it failed", NODE, {
    cause: Object.assign(new Error(), { code }),
  });
}

test("node: where nobody is, what makes a node is said", () => {
  const { message, advice } = unreachable(failing("ECONNREFUSED"), NODE);
  assert.equal(message, `No Aleph node answers at ${NODE}.`);
  assert.match(advice ?? "", /ALCOVE_ALEPH=on/);
});

test("node: one that goes away in the middle may have done what was asked", () => {
  const { message, advice } = unreachable(failing("ECONNRESET"), NODE);
  assert.equal(message, "it failed");
  assert.match(advice ?? "", /may be done all the same/);
});
