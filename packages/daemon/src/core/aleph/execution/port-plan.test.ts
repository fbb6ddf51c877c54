import assert from "node:assert/strict";
import { test } from "node:test";

import { ExecutionStage } from "#testing/aleph-executions.ts";
import { hashOf, OWNER } from "#testing/aleph-source.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";

import { PORTS_KEY, wantedPorts } from "./port-plan.ts";

const VM = hashOf("1");
const OTHER = hashOf("2");

test("ports: what an owner wants is read with care, and SSH is always there", () => {
  const ports = { "443": { tcp: true, udp: true }, "22": { tcp: false, udp: true }, "80": {} };
  const odd = { "0": { tcp: true }, "70000": { tcp: true }, x: { tcp: true }, "81": { tcp: 1 } };
  const wanted = wantedPorts({ [VM]: { ports: { ...ports, ...odd } } }, VM);
  assert.deepEqual(wanted, [
    { vmPort: 22, tcp: true, udp: true },
    { vmPort: 443, tcp: true, udp: true },
  ]);

  const ssh = [{ vmPort: 22, tcp: true, udp: false }];
  for (const nothing of [undefined, null, 7, [], {}, { [VM]: null }, { [VM]: { ports: [1] } }]) {
    assert.deepEqual(wantedPorts(nothing, VM), ssh);
  }
  assert.deepEqual(wantedPorts({ [OTHER]: { ports } }, VM), ssh);
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [String(1000 + n), { tcp: true }]),
  );
  assert.equal(wantedPorts({ [VM]: { ports: many } }, VM).length, 100);
});

test("ports: some are added, some taken away, and what stays keeps its place", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  stage.source.publish(OTHER);
  stage.takenPorts.add(24_001);
  stage.source.wantPorts(VM, { "80": { tcp: true, udp: false }, "53": { tcp: true, udp: true } });
  const executions = stage.open();
  await executions.ensureRunning(VM, never);
  await executions.ensureRunning(OTHER, never);
  const mapped = () =>
    stage.room.machines.get(VM)?.ports.map(({ vmPort, hostPort, tcp, udp }) => {
      return `${vmPort}<${hostPort}${tcp ? " tcp" : ""}${udp ? " udp" : ""}`;
    });
  assert.deepEqual(mapped(), ["22<24000 tcp", "53<24002 tcp udp", "80<24003 tcp"]);

  stage.source.wantPorts(VM, { "53": { tcp: true, udp: false }, "8080": { tcp: true } });
  assert.equal(await executions.refreshPorts(VM, never), "applied");
  assert.deepEqual(mapped(), ["22<24000 tcp", "53<24002 tcp", "8080<24005 tcp"]);
  const stored = stage.store.portMappings().map(({ hostPort }) => hostPort);
  assert.deepEqual(new Set(stored), new Set([24_000, 24_002, 24_004, 24_005]));

  stage.source.reachable = false;
  await executions.refreshPorts(VM, never);
  assert.deepEqual(mapped(), ["22<24000 tcp", "53<24002 tcp", "8080<24005 tcp"]);
  await assert.rejects(executions.refreshPorts(hashOf("9"), never), {
    kind: "not found",
    message: "404: VM not found",
  });
});

test("ports: without a word from the network a new VM has SSH", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  stage.source.reachable = false;
  const executions = stage.open();
  await executions.ensureRunning(VM, never);
  assert.deepEqual(executions.find(VM)?.record.ports, [
    { vmPort: 22, hostPort: 24_000, tcp: true, udp: false },
  ]);
});

test("ports: an owner's change is followed while the VM runs", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  const executions = stage.open();
  await executions.ensureRunning(VM, never);

  stage.source.wantPorts(VM, { "80": { tcp: true, udp: false } });
  stage.source.change({ what: "aggregate", address: OWNER.toLowerCase(), key: PORTS_KEY });

  await eventually("the port is open", () => stage.room.machines.get(VM)?.ports.length === 2);
});

test("ports: however many ask for them to be read again, an owner's stop waits for one reading or two", async () => {
  await using stage = new ExecutionStage();
  stage.source.publish(VM);
  const executions = stage.open();
  await executions.ensureRunning(VM, never);
  stage.room.asked.length = 0;
  const asked = Array.from({ length: 500 }, () => executions.refreshPorts(VM, never));
  const left = AbortSignal.abort(new Error("the client left"));
  await assert.rejects(executions.refreshPorts(VM, left), { message: "the client left" });
  await executions.stop(VM, never);
  await Promise.all(asked);
  const before = stage.room.asked.slice(0, stage.room.asked.indexOf("stop"));
  assert.ok(before.length > 0 && before.length <= 2, before.join());
  assert.ok(stage.room.asked.filter((what) => what === "setPorts").length <= 3);
});
