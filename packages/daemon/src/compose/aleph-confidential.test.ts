import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import type { ConfidentialSettings } from "#core/aleph/settings.ts";

import { never } from "../testing/fake-host.ts";
import { RememberingLog } from "../testing/remembering-log.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { openConfidential } from "./aleph-confidential.ts";

const QEMU = "qemu-of-nowhere";

type Settings = Parameters<typeof openConfidential>[0];

function settings(backend: ConfidentialSettings["backend"], base: string): Settings {
  const confidential: ConfidentialSettings = {
    backend,
    directory: path.join(base, "confidential"),
    sessionDirectory: path.join(base, "sessions"),
    sevctlPath: path.join(base, "sevctl"),
    checkSessionSizes: false,
  };
  return { confidential };
}

test("a node runs nothing confidential unless it is told to", async () => {
  const log = new RememberingLog();
  assert.equal(await openConfidential(settings("off", "/nowhere"), QEMU, log, never), undefined);
  assert.deepEqual(log.lines, []);
});

test("a node that only plays confidential says so in its log", async () => {
  await using base = await tempDir();
  const log = new RememberingLog();
  const backend = await openConfidential(settings("simulated", base.path), QEMU, log, never);
  assert.equal(backend?.kind, "simulated");
  assert.ok(
    log.lines.some((line) => /simulated: nobody is protected/.test(String(line["reason"]))),
  );
});

test("a node that is to have SEV and has none offers nothing in its place, and says why", async () => {
  await using base = await tempDir();
  const log = new RememberingLog();
  assert.equal(await openConfidential(settings("sev", base.path), QEMU, log, never), undefined);
  assert.deepEqual(
    log.lines.map((line) => [line.level, line.event]),
    [["warn", "aleph.confidential.unavailable"]],
  );
});
