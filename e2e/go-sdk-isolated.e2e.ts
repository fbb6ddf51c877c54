/** Slicer's own Go SDK and isolated networks: what a VM's own lists become. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, it } from "node:test";

import { goSuite, judgedByGo } from "./harness/go-tests.ts";
import { GROUP, TestHost } from "./harness/test-host.ts";

const GO_MS = 10 * 60_000;
/** a network of its own for each run */
const RANGE = `10.${20 + (process.pid % 200)}.8.0/22`;
const CONFIGURATION = `config:
  api: { auth: { enabled: true } }
  host_groups:
    - name: ${GROUP}
      count: 0
      vcpu: 1
      ram_mb: 256
      network: { mode: isolated, range: ${RANGE}, drop: [203.0.113.0/24] }
`;

const asRoot = process.getuid?.() === 0;

goSuite("go sdk, isolated", stories, asRoot ? false : "only root can make isolated networks");

function stories(): void {
  const directory = mkdtempSync(path.join(tmpdir(), "alcove-go-sdk-"));
  const file = path.join(directory, "slicer.yaml");
  writeFileSync(file, CONFIGURATION);
  const noGroup = { ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };
  const host = new TestHost({ ...noGroup, ALCOVE_CONFIG: file });
  before(() => host.open());
  after(() => host.close().finally(() => rmSync(directory, { recursive: true })));

  it("go sdk, isolated: every test ran", { timeout: GO_MS }, (t) =>
    judgedByGo(t, host, ["-tags=isolated", "-run=^TestIsolated"]),
  );
}
