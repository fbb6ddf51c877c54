/**
 * Fifteen VMs of 1 vCPU and 1 GiB at once, as the suites of Slicer's SDKs expect them (contract 9.2):
 * made, listed, used and deleted in parallel, each ready within a minute of its create.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { exec, sh } from "./harness/exec.ts";
import { asObject, asObjects } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";

const COUNT = 15;
const GIB = 1024 ** 3;
const READY_MS = 60_000;
const SIZE = { cpus: 1, ram_bytes: GIB };
/** A guest takes what it touches: fifteen nominal GiB need not be there. */
const SETTINGS = { ALCOVE_GROUP_MEMORY_MIB: "1024", ALCOVE_MEMORY_OVERCOMMIT: "4" };

suite("many", SETTINGS, (host, story) => {
  story("fifteen VMs are made, listed, used and deleted, each in parallel", async () => {
    const all = Array.from({ length: COUNT }, (_, index) => index);
    const began = performance.now();
    const made = await Promise.all(
      all.map(async (index) => {
        const vm = await host.createVm({ ...SIZE, tags: [`n=${index}`] });
        return { vm, readyMs: performance.now() - began };
      }),
    );
    const vms = made.map(({ vm }) => vm);
    const times = made.map(({ readyMs }) => readyMs).toSorted((a, b) => a - b);
    const [fastest = 0, middle = 0, slowest = 0] = [times[0], times[COUNT >> 1], times.at(-1)];
    process.stdout.write(
      `# ${COUNT} VMs of 1 GiB, created at once: ready after ${inSeconds(fastest)} (first), ` +
        `${inSeconds(middle)} (median), ${inSeconds(slowest)} (last)\n`,
    );
    assert.ok(slowest < READY_MS, `the last was ready after ${inSeconds(slowest)}`);
    assert.equal(new Set(vms).size, COUNT);

    const nodes = asObjects((await host.api.get("/nodes")).json);
    assert.deepEqual(nodes.map((node) => String(node["hostname"])).toSorted(), vms.toSorted());
    assert.equal(new Set(nodes.map((node) => node["ip"])).size, COUNT);
    assert.deepEqual(new Set(nodes.map((node) => node["status"])), new Set(["Running"]));
    assert.deepEqual(new Set(nodes.map((node) => node["ram_bytes"])), new Set([GIB]));
    const machines = vms.map((vm) => host.machinePid(vm));
    assert.equal(new Set(machines).size, COUNT);
    const mebibytes = machines.reduce((sum, pid) => sum + ownMiB(pid), 0);
    process.stdout.write(
      `# they take ${mebibytes} MiB together; the daemon ${Math.round(host.daemon.residentBytes / 2 ** 20)} MiB\n`,
    );

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
    const stats = asObjects((await host.api.get("/nodes/stats")).json);
    const metered = stats.filter((one) => one["snapshot"] !== null);
    assert.equal(metered.length, COUNT, "each guest is metered in time");
    const memory = metered.map((one) => Number(asObject(one["snapshot"])["totalMemory"]));
    assert.ok(Math.min(...memory) > 0.9 * GIB, "each guest sees its GiB");

    await Promise.all(vms.map((vm) => host.deleteVm(vm)));
    assert.deepEqual(await host.hostnames(), []);
    assert.deepEqual([host.dirs.runDirs(), host.dirs.vmDirs()], [[], []]);
    assert.deepEqual(host.dirs.machines(), [host.daemon.pid]);
  });
});

/** memory that a process has for itself: its guest's, and QEMU's own */
function ownMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
