/** Ten VMs at once: made, listed, used and deleted in parallel. */

import assert from "node:assert/strict";

import { exec, sh } from "./harness/exec.ts";
import { asObjects } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";

const COUNT = 10;
const SMALL = { ram_bytes: 128 * 1024 * 1024 };

suite("many", {}, (host, story) => {
  story("ten VMs are made, listed, used and deleted, each in parallel", async () => {
    const ten = Array.from({ length: COUNT }, (_, index) => index);
    const vms = await Promise.all(
      ten.map((index) => host.createVm({ ...SMALL, tags: [`n=${index}`] })),
    );
    assert.equal(new Set(vms).size, COUNT);

    const nodes = asObjects((await host.api.get("/nodes")).json);
    assert.deepEqual(nodes.map((node) => String(node["hostname"])).toSorted(), vms.toSorted());
    assert.equal(new Set(nodes.map((node) => node["ip"])).size, COUNT);
    assert.deepEqual(new Set(nodes.map((node) => node["status"])), new Set(["Running"]));
    assert.equal(new Set(vms.map((vm) => host.machinePid(vm))).size, COUNT);

    const said = await Promise.all(
      vms.map((vm) => sh(host.api, vm, "hostname; cat /proc/sys/kernel/random/boot_id")),
    );
    assert.deepEqual(
      said.map((text) => text.split("\n")[0]),
      vms,
    );
    assert.equal(new Set(said.map((text) => text.split("\n")[1])).size, COUNT);
    const echoes = await Promise.all(
      vms.map((vm) => exec(host.api, vm, { cmd: "cat", stdin: true }, { body: `for ${vm}` })),
    );
    assert.deepEqual(
      echoes.map(({ stdout }) => stdout.toString()),
      vms.map((vm) => `for ${vm}`),
    );

    await Promise.all(vms.map((vm) => host.deleteVm(vm)));
    assert.deepEqual(await host.hostnames(), []);
    assert.deepEqual([host.dirs.runDirs(), host.dirs.vmDirs()], [[], []]);
    assert.deepEqual(host.dirs.machines(), [host.daemon.pid]);
  });
});
