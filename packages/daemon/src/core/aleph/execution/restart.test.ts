import assert from "node:assert/strict";
import { test } from "node:test";

import { ExecutionStage } from "#testing/aleph-executions.ts";
import { hashOf } from "#testing/aleph-source.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";

import { parseItemHash } from "../item-hash.ts";
import { ipv4Network, ipv6Network, ipv6NetworkAt } from "./address-plan.ts";

const VM = hashOf("1");
const NEWER = hashOf("c");
const VOLUME = hashOf("b");

async function running(stage: ExecutionStage, changes = {}): Promise<void> {
  stage.source.publish(VM, changes);
  await stage.open().ensureRunning(VM, never);
}

test("restart: what runs is taken up as it is, and is still known by its history", async () => {
  await using stage = new ExecutionStage();
  await running(stage);
  const before = stage.store.all();

  const next = await stage.reopen();

  assert.equal(next.find(VM)?.running, true);
  await eventually("it is taken up", () => stage.log.lines.at(-1)?.event === "aleph.taken_up");
  assert.deepEqual(next.records(), before);
  assert.equal(stage.room.machines.get(VM)?.starts, 1);
});

test("restart: what the host has lost runs again, what has powered off has ended", async () => {
  await using stage = new ExecutionStage();
  await running(stage);
  await stage.close();
  stage.room.loseAll();
  const second = stage.open();
  await eventually("it runs again", () => second.find(VM)?.running === true);
  assert.equal(stage.room.machines.get(VM)?.starts, 2);

  await stage.close();
  stage.room.powerOff(VM);
  const third = stage.open();
  await eventually("it has ended", () => third.find(VM)?.record.ended === "stopped");
});

test("restart: a time that was over meanwhile is over at once", async () => {
  await using stage = new ExecutionStage();
  await running(stage);
  await stage.open().expire(VM, 100, never);
  await stage.close();
  stage.clock.pass(200_000);
  const next = stage.open();
  await eventually("it has expired", () => next.find(VM)?.record.ended === "expired");
  assert.equal(stage.room.runs(VM), false);
});

test("restart: a time that is over by a timer and not by the host's clock is not over", async () => {
  await using stage = new ExecutionStage();
  await running(stage);
  const executions = await stage.reopen();
  await executions.expire(VM, 0.05, never);
  stage.clock.pass(-200);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(executions.find(VM)?.running, true);
  stage.clock.pass(1000);
  await eventually("it has expired", () => executions.find(VM)?.record.ended === "expired");
});

test("restart: a machine that belongs to nothing is put out, and its disks stay", async () => {
  await using stage = new ExecutionStage();
  await running(stage);
  await stage.close();
  stage.db.exec("DELETE FROM aleph_execution");
  stage.open();
  await eventually("it is gone", () => !stage.room.machines.has(VM));
  assert.ok(stage.room.disks.has(VM));
});

test("restart: what cannot be started yet is tried again, what was never made is given up", async () => {
  await using stage = new ExecutionStage();
  await running(stage);
  await stage.close();
  stage.room.loseAll();
  stage.room.startTroubles.push(new Error("not yet"), new Error("not yet"));
  const next = stage.open();
  await eventually("it runs in the end", () => next.find(VM)?.running === true);

  await stage.close();
  stage.db.exec("UPDATE aleph_execution SET prepared_at_ms = NULL, started_at_ms = NULL");
  stage.room.loseAll();
  stage.source.files.clear();
  const last = stage.open();
  await eventually("it is given up", () => last.find(VM) === undefined);
  assert.equal(stage.store.all()[0]?.ended, "failed");
});

test("changes: a message that is forgotten is stopped, whoever looks when", async () => {
  await using stage = new ExecutionStage();
  await running(stage);
  stage.source.forgotten.add(VM);
  const next = await stage.reopen();
  await eventually("it is stopped", () => next.find(VM)?.record.ended === "stopped");

  const other = hashOf("2");
  stage.source.publish(other);
  await next.ensureRunning(other, never);
  stage.source.change({ what: "forgotten", hash: other });
  await eventually("so is this one", () => next.find(other)?.record.ended === "stopped");
});

test("changes: a VM that follows a file is stopped for a newer one, and gets it when it starts again", async () => {
  await using stage = new ExecutionStage();
  stage.source.files.set(VOLUME, "/store/old").set(NEWER, "/store/new");
  const follower = { ref: VOLUME, use_latest: true, mount: "/data" };
  await running(stage, { volumes: [follower] });
  const executions = await stage.reopen();
  const path = () => {
    const [volume] = stage.room.machines.get(VM)?.order.volumes ?? [];
    return volume?.kind === "read-only" ? volume.path : undefined;
  };
  assert.equal(path(), "/store/old");

  stage.source.change({ what: "file", ref: VOLUME });
  await eventually("that changes nothing", () => executions.find(VM)?.running === true);
  stage.source.newest.set(VOLUME, NEWER);
  stage.source.change({ what: "file", ref: VOLUME });
  await eventually("it is stopped", () => executions.find(VM)?.record.ended === "stopped");
  await executions.ensureRunning(VM, never);

  assert.equal(path(), "/store/new");
  const { message, original } = executions.find(VM)?.record ?? assert.fail();
  assert.deepEqual(message.content["volumes"], [{ ...follower, ref: NEWER }]);
  assert.deepEqual(original.content["volumes"], [follower]);
});

test("changes: a VM that follows a file is stopped by the next daemon for a version that came when there was none", async () => {
  await using stage = new ExecutionStage();
  stage.source.files.set(VOLUME, "/store/old").set(NEWER, "/store/new");
  await running(stage, { volumes: [{ ref: VOLUME, use_latest: true, mount: "/data" }] });
  await stage.close();
  stage.source.newest.set(VOLUME, NEWER);
  const next = stage.open();
  await eventually("it is stopped", () => next.find(VM)?.record.ended === "stopped");
});

test("places: what is somebody else's on the host is passed over, also for a VM that was there before", async () => {
  await using stage = new ExecutionStage();
  stage.takenTaps.add("vmtap4").add("vmtap5");
  await running(stage);
  const executions = await stage.reopen();
  assert.equal(executions.find(VM)?.record.network.tap, "vmtap6");
  await executions.stop(VM, never);
  stage.takenTaps.clear();
  stage.takenTaps.add("vmtap6");
  await executions.ensureRunning(VM, never);
  assert.equal(executions.find(VM)?.record.network.ipv4.network, "172.16.4.0/24");
});

test("addresses: known places of the network's own nodes", () => {
  assert.equal(ipv4Network("172.16.0.0/12", 24, 4)?.network, "172.16.4.0/24");
  assert.equal(ipv4Network("172.16.0.0/12", 24, 256)?.network, "172.17.0.0/24");
  assert.equal(ipv4Network("172.16.0.0/12", 24, 4096), undefined);
  const deca = parseItemHash("deca".repeat(16)) ?? assert.fail();
  assert.deepEqual(ipv6Network("fc00:1:2:3::/64", "instance", deca), {
    network: "fc00:1:2:3:3:deca:deca:dec0/124",
    host: "fc00:1:2:3:3:deca:deca:dec0",
    guest: "fc00:1:2:3:3:deca:deca:dec1",
  });
  assert.deepEqual(ipv6NetworkAt("fc00:1:2:3::/64", 124, 1), {
    network: "fc00:1:2:3::10/124",
    host: "fc00:1:2:3::10",
    guest: "fc00:1:2:3::11",
  });
  assert.equal(ipv6NetworkAt("fc00:1:2:3::/120", 124, 16), undefined);
  assert.equal(ipv6NetworkAt("fc00:1:2:3::/64", 124, 0), undefined);
});
