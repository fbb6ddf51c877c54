/** Machines made ahead of VMs, on real guests: claimed, taken by many at once, left by a killed daemon. */

import assert from "node:assert/strict";

import { sh } from "./harness/exec.ts";
import { asObjects } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const SIZE = 2;
const SETTINGS = {
  ALCOVE_TEMPLATES: "on",
  ALCOVE_GROUP_POOL_SIZE: String(SIZE),
  ALCOVE_GROUP_POOL_REFILL: "10",
};

suite("pool", SETTINGS, (host, story) => {
  const pool = async () => {
    const [first] = asObjects((await host.api.get("/v1/pools")).json);
    assert.ok(first);
    return first;
  };
  const full = () => until("the pool is full", async () => (await pool())["waiting"] === SIZE);

  story("VMs asked for at once are of their own, whether they were waiting or not", async () => {
    await full();
    const names = await Promise.all(Array.from({ length: SIZE + 1 }, () => host.createVm()));
    const script =
      "cat /etc/machine-id /proc/sys/kernel/random/uuid; hostname; cat /sys/class/net/eth0/address";
    const lines = await Promise.all(
      names.map(async (it) => (await sh(host.api, it, script)).split("\n")),
    );
    for (const part of [0, 1, 2, 3]) {
      assert.equal(new Set(lines.map((it) => it[part])).size, SIZE + 1, String(part));
    }
    assert.deepEqual(
      lines.map((it) => it[2]),
      names,
    );
    const { claimed, misses } = await pool();
    assert.ok(Number(claimed) >= SIZE && Number(claimed) + Number(misses) === SIZE + 1);
    for (const name of names) await host.deleteVm(name);
  });

  story("a killed daemon leaves none of them, and the next one makes its own", async () => {
    await full();
    const kept = await host.createVm({ persistent: true });
    await full();
    assert.equal(host.dirs.vmDirs().length, SIZE + 1);
    const before = host.dirs.machines(); // and the daemon
    const pid = host.machinePid(kept);
    await host.daemon.kill();
    await host.start();
    await full();
    const now = host.dirs.machines();
    assert.deepEqual(
      now.filter((it) => before.includes(it)),
      [pid],
    );
    assert.equal(host.dirs.vmDirs().length, SIZE + 1);
    assert.equal(await sh(host.api, kept, "hostname"), kept);
    await host.deleteVm(kept);
  });
});
