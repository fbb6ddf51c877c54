/** A VM whose memory goes to the disk and comes back: contract B1, B2, and what outlives what. */

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { exec, sh } from "./harness/exec.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { GROUP, suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const MIB = 1024 * 1024;

/** A file in memory, one on the disk that was not synced, and a process that counts. */
const FILL = `
  mkdir -p /run/kept && mount -t tmpfs none /run/kept
  head -c ${8 * MIB} /dev/urandom > /run/kept/memory
  head -c ${8 * MIB} /dev/urandom > /root/disk
  cat > /run/count <<'END'
i=0
while :; do i=$((i + 1)); echo $i > /run/kept/counter.new; mv /run/kept/counter.new /run/kept/counter; sleep 0.05; done
END
  setsid sh /run/count > /dev/null 2>&1 < /dev/null &
`;
const HASHES = "sha256sum /run/kept/memory /root/disk; cat /proc/sys/kernel/random/boot_id";

/** Changes one byte, as a broken disk might. */
async function flipByte(file: string, at: number): Promise<void> {
  await using handle = await open(file, "r+");
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, at);
}

/** moments after a phase has begun at which a daemon is killed, in `ms` */
const MOMENTS = [0, 60, 180, 400];

suite("suspend", {}, (host, story) => {
  let vm = "";
  let hashes = "";
  before(async () => {
    vm = await host.createVm({ persistent: true });
    await sh(host.api, vm, FILL);
    hashes = await sh(host.api, vm, HASHES);
  });

  const post = (what: string, query = {}) => host.api.post(`/vm/${vm}/${what}`, { query });
  const counter = async () => Number(await sh(host.api, vm, "cat /run/kept/counter"));
  const suspend = async () => {
    const { status, text } = await post("suspend");
    assert.deepEqual([status, text], [200, "Suspended"]);
  };
  const restore = async () => {
    const { status, text } = await post("restore", { wait: "agent", timeout: "60s" });
    assert.deepEqual([status, text], [200, "Restored"]);
  };
  const statusNow = async () => textIn(asObject(await host.node(vm)), "status");

  const usable = (it: string) =>
    until(`${it} can be used`, async () => {
      return (await host.api.get(`/vm/${it}/health`)).status === 200;
    });

  /** everything that was in the VM still is, and goes on */
  async function goesOn(counted: number): Promise<void> {
    assert.equal(await sh(host.api, vm, HASHES), hashes);
    await until("the process counts on", async () => (await counter()) > counted);
    const clock = Number(await sh(host.api, vm, "date +%s"));
    assert.ok(Math.abs(clock - Date.now() / 1000) < 3, `the guest's clock says ${clock}`);
    assert.equal(await sh(host.api, vm, "dmesg | grep -ciE 'ext4.*error|I/O error' || true"), "0");
    await sh(host.api, vm, "echo again >> /root/log; sync");
  }

  /** files of states on the disk, over all VMs */
  function states(): readonly string[] {
    return host.dirs.vmDirs().flatMap((id) => {
      const directory = path.join(host.dirs.state, "vms", id);
      const names = readdirSync(directory).filter((name) => name.startsWith("state-"));
      return names.map((name) => path.join(directory, name));
    });
  }

  story("there and back: memory, disk, processes and clock; no machine in between", async () => {
    for (let round = 0; round < 3; round += 1) {
      const counted = await counter();
      await suspend();
      assert.equal(await statusNow(), "Suspended");
      assert.deepEqual([host.dirs.machines(), host.dirs.runDirs()], [[host.daemon.pid], []]);
      const [state = ""] = states();
      const { size } = statSync(path.join(state, "memory"));
      assert.ok(size > 24 * MIB && size < 200 * MIB, `the state has ${size} bytes`);
      const refused = await host.api.post(`/vm/${vm}/exec`, { query: { cmd: "true" } });
      assert.equal(refused.status, 409);
      assert.match(textIn(refused.json, "error"), /is suspended/);
      await delay(1_500); // so that the guest's clock is behind when it comes back
      await restore();
      assert.deepEqual([await statusNow(), states()], ["Running", []]);
      await goesOn(counted);
    }
  });

  story("a paused VM is suspended, too, and runs when it is restored", async () => {
    const counted = await counter();
    await post("pause");
    await suspend();
    await restore();
    await goesOn(counted);
    assert.equal((await post("restore")).status, 409);
  });

  story("a command that runs is cut off; the console goes on in the same log", async () => {
    const cut = exec(host.api, vm, { cmd: "sleep 600" }).then(
      ({ last }) => last.error ?? "an error was expected",
      () => "cut",
    );
    await until("the command runs", async () => (await sh(host.api, vm, "pgrep -c sleep")) !== "0");
    await sh(host.api, vm, "echo one > /dev/ttyS0");
    await suspend();
    assert.notEqual(await cut, "an error was expected");
    await restore();
    await sh(host.api, vm, "echo two > /dev/ttyS0");
    const logged = async () => textIn((await host.api.get(`/vm/${vm}/logs`)).json, "content");
    await until("both lines are there", async () => /one[^]*two/.test(await logged()));
  });

  story("a suspended VM outlives daemons that are killed or stopped", async () => {
    const counted = await counter();
    await suspend();
    await host.daemon.kill();
    await host.start();
    assert.equal(await statusNow(), "Suspended");
    await host.daemon.stop();
    await host.start();
    assert.equal(await statusNow(), "Suspended");
    await restore();
    await goesOn(counted);
  });

  story(
    "a daemon killed while it suspends: the VM runs, or all of its memory is kept",
    async () => {
      const found = [];
      for (const moment of MOMENTS) {
        const counted = await counter();
        const asked = post("suspend").catch(() => undefined); // its daemon is killed
        await reached("suspending");
        await delay(moment);
        await host.daemon.kill();
        await asked;
        await host.start();
        const status = await statusNow();
        found.push(`${moment} ms: ${status}`);
        if (status === "Suspended") await restore();
        else assert.deepEqual(states(), [], "half a state is left");
        await goesOn(counted);
      }
      process.stdout.write(`killed while suspending: ${found.join(", ")}\n`);
    },
  );

  story("a daemon killed as soon as all of the memory is kept: the VM is suspended", async () => {
    const counted = await counter();
    const asked = post("suspend").catch(() => undefined); // its daemon is killed
    while (!states().some((name) => !name.endsWith(".part"))) await delay(1);
    await host.daemon.kill();
    await asked;
    await host.start();
    assert.equal(await statusNow(), "Suspended");
    assert.deepEqual(host.dirs.machines(), [host.daemon.pid]);
    await restore();
    await goesOn(counted);
  });

  story("a daemon killed while it restores: the VM runs, or is suspended as before", async () => {
    const found = [];
    for (const moment of MOMENTS) {
      const counted = await counter();
      await suspend();
      const asked = post("restore").catch(() => undefined); // its daemon is killed
      await reached("restoring");
      await delay(moment);
      await host.daemon.kill();
      await asked;
      await host.start();
      const status = await statusNow();
      found.push(`${moment} ms: ${status}`);
      if (status === "Suspended") await restore();
      if (status === "Paused") await post("resume");
      await goesOn(counted);
    }
    process.stdout.write(`killed while restoring: ${found.join(", ")}\n`);
  });

  story("a daemon that is to suspend leaves its VMs as they were to the next", async () => {
    await host.daemon.stop();
    await host.start({ ALCOVE_ON_STOP: "suspend" });
    assert.equal((await host.api.post(`/vm/${vm}/relaunch`)).status, 200);
    await usable(vm);
    const sandbox = await host.createVm();
    const bootIds = await Promise.all(
      [vm, sandbox].map((it) => sh(host.api, it, "cat /proc/sys/kernel/random/boot_id")),
    );
    assert.deepEqual(await host.daemon.stop(), { code: 0, signal: null });
    assert.deepEqual(host.dirs.machines(), []);
    assert.equal(states().length, 2);
    await host.start();
    for (const [index, it] of [vm, sandbox].entries()) {
      await usable(it);
      assert.equal(await sh(host.api, it, "cat /proc/sys/kernel/random/boot_id"), bootIds[index]);
    }
    assert.deepEqual(states(), []);
    await host.api.post(`/vm/${sandbox}/suspend`);
    assert.equal(states().length, 1); // an orderly stop is to delete it, and the leak check sees
  });

  story("memory that is damaged is refused; without it the VM boots from its disk", async () => {
    const others = states();
    await suspend();
    const file = path.join(states().find((it) => !others.includes(it)) ?? "", "memory");
    await flipByte(file, Math.floor(statSync(file).size / 2));
    const refused = await post("restore", { wait: "agent" });
    assert.equal(refused.status, 409, refused.text);
    assert.equal(textIn(refused.json, "code"), "state_unusable");
    assert.match(textIn(refused.json, "error"), /cannot be restored: /);
    const node = asObject(await host.node(vm));
    assert.equal(node["status"], "Suspended");
    assert.match(textIn(node, "status_reason"), /cannot be restored: /);
    assert.deepEqual(host.dirs.machines(), [host.daemon.pid]);

    assert.equal((await post("shutdown")).status, 200);
    await host.untilStatus(vm, "Stopped");
    await until("its memory is gone", () => states().length === others.length);
    assert.equal((await post("relaunch")).status, 200);
    await usable(vm);
    assert.match(await sh(host.api, vm, "sha256sum /root/disk"), /^[0-9a-f]{64}/);
  });

  story("what is suspended is deleted like anything else", async () => {
    await suspend();
    assert.equal((await host.api.delete(`/hostgroup/${GROUP}/nodes/${vm}`)).status, 200);
    assert.equal(await host.node(vm), undefined);
  });

  /** the phase is in this daemon's log, or was left already */
  async function reached(phase: string): Promise<void> {
    await until(`a VM is or was ${phase}`, () => {
      const lines = host.daemon.events("vm.phase");
      return lines.some(({ from, to }) => from === phase || to === phase);
    });
  }
});
