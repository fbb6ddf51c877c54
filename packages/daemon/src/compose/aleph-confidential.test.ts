import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import type { ConfidentialSettings } from "#core/aleph/settings.ts";

import { never } from "../testing/fake-host.ts";
import { RememberingLog } from "../testing/remembering-log.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { confidentialBackend } from "./aleph-confidential.ts";

const CONFIG = { qemuBinary: "qemu-of-nowhere" };

function settings(backend: ConfidentialSettings["backend"], base: string): ConfidentialSettings {
  return {
    backend,
    directory: path.join(base, "confidential"),
    sessionDirectory: path.join(base, "sessions"),
    sevctlPath: path.join(base, "sevctl"),
    checkSessionSizes: false,
  };
}

test("a node runs nothing confidential unless it is told to", async () => {
  const log = new RememberingLog();
  assert.equal(
    await confidentialBackend(settings("off", "/nowhere"), CONFIG, log, never),
    undefined,
  );
});

test("a node that only plays confidential says so in its log", async () => {
  await using base = await tempDir();
  const log = new RememberingLog();
  const backend = await confidentialBackend(settings("simulated", base.path), CONFIG, log, never);
  assert.equal(backend?.kind, "simulated");
  assert.ok(
    log.lines.some((line) => JSON.stringify(line).includes("aleph.confidential.simulated")),
  );
});

test("a node that is to have SEV and has none does not start, and says what to do", async () => {
  await using base = await tempDir();
  const starting = confidentialBackend(
    settings("sev", base.path),
    CONFIG,
    new RememberingLog(),
    never,
  );
  await assert.rejects(starting, /this host cannot do it: .*CONFIDENTIAL_BACKEND=simulated/);
});
