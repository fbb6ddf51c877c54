/** What outlives what: daemons, machines and agents that are killed, and the start after that. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { Daemon } from "./harness/daemon.ts";
import { exec, sh } from "./harness/exec.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const bootId = "cat /proc/sys/kernel/random/boot_id";
const NODES = `/hostgroup/${GROUP}/nodes`;
const AGENT_BACK_MS = 15_000;

suite("restart", {}, (host, story) => {
  const three = () => Promise.all([host.createVm(), host.createVm(), host.createVm()]);
  const bootIds = (vms: readonly string[]) =>
    Promise.all(vms.map((hostname) => sh(host.api, hostname, bootId)));

  story("a daemon killed with three VMs: the next one has the same three", async () => {
    const vms = await three();
    const before = await bootIds(vms);
    const machines = vms.map((hostname) => host.machinePid(hostname));
    await host.api.post(`/vm/${vms[0]}/pause`);
    await host.daemon.kill();
    await host.start();
    assert.deepEqual((await host.hostnames()).toSorted(), vms.toSorted());
    const again = host.dirs.machines().filter((pid) => pid !== host.daemon.pid);
    assert.deepEqual(new Set(again), new Set(machines));
    assert.equal(asObject(await host.node(vms[0]))["status"], "Paused");
    await host.api.post(`/vm/${vms[0]}/resume`);
    assert.deepEqual(await bootIds(vms), before);
    for (const hostname of vms) await host.deleteVm(hostname);
  });

  story("a machine that is killed says why; the others do not notice", async () => {
    const [kept, hit, other] = await Promise.all([
      host.createVm(),
      host.createVm({ persistent: true }),
      host.createVm(),
    ]);
    const before = await bootIds([kept, other]);
    process.kill(host.machinePid(hit), "SIGKILL");
    const node = await host.untilStatus(hit, "Stopped");
    assert.match(textIn(node, "status_reason"), /SIGKILL|killed|signal/i);
    const refused = await host.api.post(`/vm/${hit}/exec`, { query: { cmd: "id" } });
    assert.equal(refused.status, 409);
    assert.match(textIn(refused.json, "error"), new RegExp(hit));
    assert.deepEqual(await bootIds([kept, other]), before);
    for (const hostname of [kept, hit, other]) await host.deleteVm(hostname);
  });

  story("an agent that is killed inside is back within 15 seconds", async () => {
    const hostname = await host.createVm();
    const before = await sh(host.api, hostname, bootId);
    const kill = { cmd: "pkill -KILL -f '^alcove-agent agent'", shell: "/bin/sh" };
    await exec(host.api, hostname, kill).catch(() => undefined); // its answer dies with it
    const again = await until(
      "a command works",
      async () => {
        const query = { cmd: bootId, shell: "/bin/sh", buffered: true };
        const answer = await host.api.post(`/vm/${hostname}/exec`, { query });
        return answer.status === 200 && textIn(answer.json, "stdout").trim();
      },
      AGENT_BACK_MS,
    );
    assert.equal(again, before);
    await host.deleteVm(hostname);
  });

  story(
    "daemons killed in the middle of creates and deletes leave nothing in the end",
    async () => {
      // Killed at moments that differ: before the record, in the boot, after it, in the delete.
      for (const killAfter of ["", "created", "starting", "running"]) {
        const made = host.api.post(NODES, { json: {} }).catch(() => undefined); // its host is killed
        if (killAfter !== "") await reached(killAfter);
        await host.daemon.kill();
        await made;
        await host.start();
      }
      for (const hostname of await host.hostnames()) {
        const gone = host.api.delete(`${NODES}/${hostname}`).catch(() => undefined); // as above
        await host.daemon.kill();
        await gone;
        await host.start();
      }
      assert.deepEqual(await host.daemon.stop(), { code: 0, signal: null });
      host.dirs.assertNothingLeft();
      await host.start();
    },
  );

  /** the phase is in the log, or was left already */
  async function reached(phase: string): Promise<void> {
    await until(`a VM is or was ${phase}`, () => {
      const lines = host.daemon.events("vm.phase");
      return lines.some(({ from, to }) => from === phase || to === phase);
    });
  }

  story("an orderly stop removes sandboxes and keeps persistent VMs", async () => {
    const [sandbox, kept] = await Promise.all([
      host.createVm(),
      host.createVm({ persistent: true }),
    ]);
    await sh(host.api, kept, "echo remembered > /root/note; sync");
    assert.deepEqual(await host.daemon.stop(), { code: 0, signal: null });
    assert.deepEqual(host.dirs.machines(), []);
    assert.deepEqual(host.dirs.runDirs(), []);
    assert.equal(host.dirs.vmDirs().length, 1);
    await host.start();
    assert.equal(await host.node(sandbox), undefined);
    const node = asObject(await host.node(kept));
    assert.deepEqual([node["status"], node["persistent"]], ["Stopped", true]);
    await host.deleteVm(kept);
  });

  story("leftovers without a record are removed at start", async () => {
    const hostname = await host.createVm();
    const machine = host.machinePid(hostname);
    const vmId = textIn(host.daemon.events("vm.phase").at(-1), "vmId");
    await host.daemon.kill();
    // As after a crash that lost the database: machine, run directory and overlay remain.
    const database = new DatabaseSync(path.join(host.dirs.state, "alcove.sqlite"));
    database.exec("DELETE FROM vm_event; DELETE FROM vm");
    database.close();
    mkdirSync(path.join(host.dirs.runtime, "vms/0123456789ab/io"), { recursive: true });
    mkdirSync(path.join(host.dirs.state, "vms/0123456789ab"));
    writeFileSync(path.join(host.dirs.state, "vms/0123456789ab/disk.qcow2"), "");
    await host.start();
    assert.deepEqual(await host.hostnames(), []);
    assert.deepEqual([host.dirs.runDirs(), host.dirs.vmDirs()], [[], []]);
    assert.ok(!host.dirs.machines().includes(machine), `the machine of ${vmId} still runs`);
    assert.ok(host.daemon.events("host.leftover_removed").length >= 3);
  });

  story("a second daemon on the same directories refuses and says why", async () => {
    const hostname = await host.createVm();
    const second = Daemon.spawn(host.environment());
    assert.deepEqual(await second.ended, { code: 1, signal: null });
    const [failure] = second.events("host.failed");
    assert.match(textIn(failure, "reason"), /Another Alcove daemon already uses/);
    assert.equal(await sh(host.api, hostname, "echo fine"), "fine");
    await host.deleteVm(hostname);
  });

  story("a start that fails does not end VMs", async () => {
    const hostname = await host.createVm();
    const before = await sh(host.api, hostname, bootId);
    await host.daemon.kill();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    assert.ok(typeof address === "object" && address !== null);
    const failing = Daemon.spawn(host.environment({ ALCOVE_LISTEN_PORT: String(address.port) }));
    assert.deepEqual(await failing.ended, { code: 1, signal: null });
    const [failure] = failing.events("host.failed");
    assert.match(textIn(failure, "reason"), new RegExp(String(address.port)));
    taken.close();
    await host.start();
    assert.equal(await sh(host.api, hostname, bootId), before);
    await host.deleteVm(hostname);
  });
});
