import assert from "node:assert/strict";
import { test } from "node:test";

import { ExecutionStage } from "#testing/aleph-executions.ts";
import { CODE, hashOf, PARENT } from "#testing/aleph-source.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";

import { AlcoveError } from "../../errors.ts";
import type { Executions } from "../execution/executions.ts";
import { StartError } from "../execution/start-error.ts";
import { Refusal } from "../refusal.ts";
import { ProgramCalls } from "./program-calls.ts";

const VM = hashOf("1");
const OTHER = hashOf("2");
const LONG_MS = 600_000;

interface Desk extends AsyncDisposable {
  readonly stage: ExecutionStage;
  readonly executions: Executions;
  readonly calls: ProgramCalls;
}

const nobody = async () => {
  throw new AlcoveError("dial_failed", "nobody listens", { target: "here" });
};

function callsOf(stage: ExecutionStage, executions: Executions, reuseMs: number): ProgramCalls {
  const { source: messages, log } = stage;
  return new ProgramCalls({ executions, room: { connect: nobody }, messages, reuseMs, log });
}

function desk(reuseMs = LONG_MS, stage = new ExecutionStage()): Desk {
  stage.source.publishProgram(VM);
  const executions = stage.open();
  const calls = callsOf(stage, executions, reuseMs);
  const end = async () => {
    await calls[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  };
  return { stage, executions, calls, [Symbol.asyncDispose]: end };
}

test("calls: many first ones start a program once, and each is told what it calls", async () => {
  await using it = desk();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  it.stage.programs.gate = gate;
  const begun = Promise.all(Array.from({ length: 20 }, () => it.calls.begin(VM, never)));
  open();
  for (const call of await begun) {
    using one = call;
    assert.deepEqual(one.program, { codeRef: CODE, seconds: 30 });
    assert.equal(one.vmHash, VM);
  }
  assert.equal(it.stage.room.machines.get(VM)?.starts, 1);
  assert.deepEqual(it.stage.programs.begun, [VM]);
  assert.equal(it.executions.find(VM)?.record.persistent, false);
  using again = await it.calls.begin(VM, never);
  assert.equal(again.isNew, false);
  assert.equal(it.stage.room.machines.get(VM)?.starts, 1);
});

test("calls: a program begins from its runtime, with its code and what its owner gave it", async () => {
  await using it = desk();
  using _call = await it.calls.begin(VM, never);
  const [order] = it.stage.programs.orders;
  assert.deepEqual(order?.variables, { GREETING: "good day" });
  assert.equal(order?.code.path, "/store/code");
  assert.equal(order?.code.mount, "/opt/code");
  const machine = it.stage.room.machines.get(VM)?.order;
  assert.equal(machine?.root.parentRef, PARENT);
  assert.equal(machine?.root.fresh, true);
  assert.equal(machine?.network.internet, false);
});

test("calls: code in squashfs comes as a read-only disk before all others", async () => {
  await using it = desk();
  const volume = { mount: "/more", name: "more", persistence: "host", size_mib: 8 };
  const code = { encoding: "squashfs", entrypoint: "serve", ref: CODE, interface: "binary" };
  it.stage.source.publishProgram(OTHER, { code, volumes: [volume] });
  using _call = await it.calls.begin(OTHER, never);
  const volumes = it.stage.room.machines.get(OTHER)?.order.volumes ?? [];
  assert.deepEqual(volumes[0], { kind: "read-only", path: "/store/code", mount: "/opt/code" });
  assert.equal(volumes[1]?.mount, "/more");
});

test("calls: a program that nobody calls for a while is stopped, and not while somebody does", async () => {
  await using it = desk(20);
  const call = await it.calls.begin(VM, never);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(it.executions.find(VM)?.running, true);
  call[Symbol.dispose]();
  call[Symbol.dispose]();
  await eventually("it is stopped", () => it.executions.find(VM)?.record.ended === "stopped");
  assert.equal(it.stage.room.runs(VM), false);
  using next = await it.calls.begin(VM, never);
  assert.equal(next.isNew, true);
  assert.equal(it.stage.room.runs(VM), true);
});

test("calls: who comes while it is being stopped has it started anew", async () => {
  await using it = desk(0);
  for (let round = 0; round < 20; round += 1) {
    using call = await it.calls.begin(VM, never);
    assert.equal(it.executions.find(call.vmHash)?.running, true, `round ${round}`);
    assert.equal(it.stage.room.runs(VM), true, `round ${round}`);
  }
});

test("calls: what is given up is stopped when the last of its callers has gone", async () => {
  await using it = desk();
  const first = await it.calls.begin(VM, never);
  const second = await it.calls.begin(VM, never);
  first.giveUp();
  first[Symbol.dispose]();
  assert.equal(it.stage.room.runs(VM), true);
  second[Symbol.dispose]();
  await eventually("it is stopped", () => it.executions.find(VM)?.record.ended === "stopped");
});

test("calls: a program that the scheduler wants is kept without calls", async () => {
  await using it = desk(10);
  (await it.calls.begin(VM, never))[Symbol.dispose]();
  await it.executions.allocate({ persistentVms: [VM], instances: [] }, never);
  assert.equal(it.executions.find(VM)?.record.persistent, true);
  (await it.calls.begin(VM, never))[Symbol.dispose]();
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(it.stage.room.runs(VM), true);
});

test("calls: an allocation does not stop what somebody calls", async () => {
  await using it = desk();
  using _call = await it.calls.begin(VM, never);
  const { stopped } = await it.executions.allocate({ persistentVms: [], instances: [] }, never);
  assert.deepEqual(stopped, []);
  assert.equal(it.stage.room.runs(VM), true);
});

test("calls: the next daemon finds what runs, and stops it when nobody calls", async () => {
  const stage = new ExecutionStage();
  await using first = desk(LONG_MS, stage);
  (await first.calls.begin(VM, never))[Symbol.dispose]();
  await stage.close();
  const executions = stage.open();
  await using calls = callsOf(stage, executions, 40);
  using call = await calls.begin(VM, never);
  assert.equal(call.isNew, false);
  call[Symbol.dispose]();
  await eventually("it is stopped", () => executions.find(VM)?.record.ended === "stopped");
  assert.deepEqual(stage.programs.begun, [VM]);
});

test("calls: a program whose machine is lost, or crashes, waits for the next call", async () => {
  const stage = new ExecutionStage();
  await using it = desk(LONG_MS, stage);
  (await it.calls.begin(VM, never))[Symbol.dispose]();
  stage.room.crash(VM);
  await eventually("it has ended", () => it.executions.find(VM)?.record.ended === "stopped");
  (await it.calls.begin(VM, never))[Symbol.dispose]();
  await stage.close();
  stage.room.loseAll();
  const executions = stage.open();
  await eventually("it has ended", () => executions.find(VM)?.record.ended === "stopped");
  assert.equal(stage.room.machines.get(VM)?.starts, 1);
});

test("calls: a program that was just being started when its daemon died is not left half made", async () => {
  const stage = new ExecutionStage();
  await using it = desk(LONG_MS, stage);
  stage.programs.gate = new Promise(() => {});
  const given = assert.rejects(it.calls.begin(VM, never));
  await eventually("its machine runs", () => stage.room.runs(VM));
  await stage.close();
  await given;
  stage.programs.gate = Promise.resolve();
  const executions = stage.open();
  await eventually("it has ended", () => executions.find(VM)?.record.ended === "stopped");
  assert.equal(stage.room.runs(VM), false);
  await using calls = callsOf(stage, executions, LONG_MS);
  using _call = await calls.begin(VM, never);
  assert.deepEqual(stage.programs.begun, [VM]);
});

test("calls: what cannot be started is told in the network's words, and leaves nothing", async () => {
  await using it = desk();
  const refused = async (words: RegExp, hash = VM) =>
    assert.rejects(it.calls.begin(hash, never), (error) => {
      assert.ok(error instanceof Refusal || error instanceof StartError);
      assert.match(error instanceof StartError ? error.kind : error.message, words);
      return true;
    });
  await refused(/^500: Item hash 2{64} not found$/, OTHER);
  it.stage.programs.troubles.push(new StartError("MicroVMFailedInitError", ""));
  await refused(/^MicroVMFailedInitError$/);
  assert.equal(it.stage.room.machines.size, 0);
  it.stage.room.startTroubles.push(new TypeError("a mistake of ours"));
  await refused(/^500: Unhandled error during initialisation$/);
  it.stage.source.files.delete(CODE);
  await refused(/^ResourceDownloadError$/);
  it.stage.source.publishProgram(OTHER, { resources: { vcpus: 1, memory: 16_384, seconds: 1 } });
  await refused(/^InsufficientResourcesError$/, OTHER);
  assert.equal(it.executions.find(VM)?.record.ended, "failed");
});

test("calls: programs have memory of their own", async () => {
  await using it = desk();
  it.stage.memoryGiB = 10; // all of it is kept for the host and for programs
  using _call = await it.calls.begin(VM, never);
  it.stage.source.publish(OTHER);
  const { failing } = await it.executions.allocate(
    { persistentVms: [], instances: [OTHER] },
    never,
  );
  assert.deepEqual(failing, [OTHER]);
});

test("calls: an instance that was here is started again, and one that never was is not", async () => {
  await using it = desk();
  it.stage.source.publish(OTHER);
  await assert.rejects(it.calls.begin(OTHER, never), (error) => Refusal.is(error, "not found"));
  await it.executions.ensureRunning(OTHER, never);
  await it.executions.stop(OTHER, never);
  using call = await it.calls.begin(OTHER, never);
  assert.equal(call.program, undefined);
  assert.equal(call.isNew, true);
  const address = it.executions.find(OTHER)?.record.network.ipv4.guest;
  assert.deepEqual(await call.reach(never), { kind: "address", host: address, port: 80 });
});

test("calls: an instance that is not paid for is not started by a call", async () => {
  await using it = desk();
  it.stage.source.publish(OTHER);
  await it.executions.ensureRunning(OTHER, never);
  await it.executions.stop(OTHER, never);
  it.stage.payments = {
    check: async () => {
      throw new Refusal("payment required", "Insufficient balance");
    },
  };
  await assert.rejects(it.calls.begin(OTHER, never), /Insufficient balance/);
  assert.equal(it.stage.room.runs(OTHER), false);
});
