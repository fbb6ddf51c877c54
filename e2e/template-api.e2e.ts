/** What people see of templates on a real host: the command, the API, and what VMs really take of the host's memory. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { ROOT } from "./harness/can-run.ts";
import { sh } from "./harness/exec.ts";
import { asObject, asObjects, type JsonObject, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";

const MIB = 1024 * 1024;
const COMMAND_MS = 120_000;
const run = promisify(execFile);
const STEPS = ["spawn", "control", "load", "resume", "connect", "reidentify", "configure"];

suite("template API", { ALCOVE_TEMPLATES: "on" }, (host, story) => {
  /** @throws Error when it fails */
  const alcove = (...args: readonly string[]) =>
    run(path.join(ROOT, "bin/alcove"), args, {
      timeout: COMMAND_MS,
      env: {
        PATH: process.env["PATH"],
        HOME: "/nonexistent",
        ALCOVE_STATE_DIR: host.dirs.state,
        ALCOVE_RUNTIME_DIR: host.dirs.runtime,
      },
    });

  async function vm(hostname: string): Promise<JsonObject> {
    const { status, json, text } = await host.api.get(`/v1/vms/${hostname}`);
    assert.equal(status, 200, text);
    return asObject(json);
  }

  async function templates(): Promise<readonly JsonObject[]> {
    return asObjects(asObject((await host.api.get("/v1/templates")).json)["templates"]);
  }

  story("built by the command, it serves, is seen, and goes without its VMs", async () => {
    const id = (await alcove("template", "build")).stdout.trim();
    assert.match(id, /^[0-9a-f]{16}$/);
    assert.equal((await alcove("template", "build", "sbox")).stdout.trim(), id);
    const first = await alcove("vm", "launch", "--trace");
    const second = await alcove("vm", "launch", "--trace");
    for (const { stderr, stdout } of [first, second]) {
      assert.match(
        stderr,
        new RegExp(`^${stdout.trim()} is ready in .* \\(from template ${id}\\)$`, "m"),
      );
      for (const step of STEPS) assert.match(stderr, new RegExp(`^${step} +\\d`, "m"), stderr);
    }
    const listed = (await alcove("template", "ls")).stdout;
    assert.match(listed, new RegExp(`^${id} +base +1 +256MiB +user +\\S+ +\\d\\S*MiB +2 +`, "m"));
    const hostname = first.stdout.trim();
    await alcove("template", "rm", id);
    assert.deepEqual(await templates(), []);
    assert.equal(await sh(host.api, hostname, "echo alive"), "alive");
    await host.deleteVm(hostname);
    await host.deleteVm(second.stdout.trim());
  });

  story("the host says what a VM takes: its own, and what is there once for all", async () => {
    const { stdout } = await alcove("template", "build", "--json");
    const held = Number(asObject(JSON.parse(stdout))["state_bytes"]);
    const names = [await host.createVm(), await host.createVm()];
    for (const name of names) {
      const { memory, origin, receipt } = await vm(name);
      assert.equal(asObject(origin)["how"], "template");
      assert.equal(textIn(receipt, "hostname"), name);
      const use = asObject(memory);
      assert.equal(use["reserved_bytes"], (256 + 64) * MIB);
      const [own, shared] = [Number(use["private_bytes"]), Number(use["shared_bytes"])];
      assert.ok(own > MIB && own < 200 * MIB, `${own} of its own`);
      assert.ok(shared > MIB && shared < held + 100 * MIB, `${shared} shared`);
    }
    for (const name of names) await host.deleteVm(name);
  });
});
