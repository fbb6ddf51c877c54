/** Slicer's own Go SDK against a daemon with real guests: each test of e2e/go-sdk is a test here. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, it } from "node:test";

import { goLints, goSuite, judgedByGo } from "./harness/go-tests.ts";
import { GROUP, TestHost } from "./harness/test-host.ts";

/** Compiling the SDK and some boots by emulation, on a busy machine. */
const GO_MS = 10 * 60_000;

/** The SDK's group, with one VM that the configuration declares: it is protected. */
const configuration = (declared: number) => `config:
  api: { auth: { enabled: true } }
  host_groups:
    - { name: ${GROUP}, count: ${declared}, vcpu: 1, ram_mb: 1024, storage: image, storage_size: 4G }
`;

goSuite("go sdk", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "alcove-go-sdk-"));
  const file = path.join(directory, "slicer.yaml");
  writeFileSync(file, configuration(1));
  // The file describes the groups: the environment must not.
  const noGroup = { ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };
  const host = new TestHost({ ...noGroup, ALCOVE_CONFIG: file });
  before(() => host.open());
  after(async () => {
    try {
      await deleteAll();
    } finally {
      await host.close().finally(() => rmSync(directory, { recursive: true }));
    }
  });

  /** A VM may be deleted when no configuration declares it any more. */
  async function deleteAll(): Promise<void> {
    await host.daemon.stop();
    writeFileSync(file, configuration(0));
    await host.start();
    await host.recover([]);
  }

  it("go sdk: every test ran", { timeout: GO_MS }, (t) => judgedByGo(t, host));

  it("go sdk: its tests are formatted, and vetted", async () => {
    assert.equal(await goLints(), "");
  });
});
