import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { AlcoveError, type ErrorCode } from "#core/errors.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { Saving } from "#core/ports/machine.ts";
import { unlessAborted } from "#lib/patience.ts";
import { eventually } from "#testing/eventually.ts";
import { FakeHost, never } from "#testing/fake-host.ts";
import { hypervisorWith } from "#testing/troubles.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { holdsShare, type VmPhase } from "./lifecycle.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import type { VmSupervisor } from "./supervisor.ts";
import type { VmState } from "./vm.ts";

const ORDER = { restoreAtStart: false };

const isError = (code: ErrorCode, words: RegExp) => (error: unknown) =>
  AlcoveError.is(error, code) && words.test(error.message);

async function diskFull(): Promise<never> {
  throw new Error("ENOSPC: no space left on device");
}

async function noBridge(): Promise<never> {
  throw new Error("the bridge is gone");
}

function planForEver(_record: unknown, signal: AbortSignal): Promise<never> {
  return unlessAborted(new Promise<never>(() => {}), signal);
}

async function started(
  host: FakeHost,
  different: Partial<SupervisorDeps> = {},
): Promise<VmSupervisor> {
  const vm = await host.supervise(aVmRecord({}), different);
  await vm.start(never);
  await vm.contact?.link(never);
  return vm;
}

/** A host whose machines save in another way. */
function savingWith(host: FakeHost, change: (saving: Saving) => Partial<Saving>) {
  return hypervisorWith(host.hypervisor, ({ saving }) => {
    assert.ok(saving);
    const inner = saving;
    const same: Saving = {
      maxSizeBytes: () => inner.maxSizeBytes(),
      save: (directory, lasting, signal) => inner.save(directory, lasting, signal),
    };
    return { saving: { ...same, ...change(inner) } };
  });
}

/** Saves that wait until the test lets them go on. */
class HeldSaves {
  readonly hypervisor: Hypervisor;
  /** resolves when a save has come this far */
  readonly begun: Promise<void>;
  readonly #gate = Promise.withResolvers<void>();

  constructor(host: FakeHost) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    this.hypervisor = savingWith(host, (inner) => ({
      save: async (directory, lasting, signal) => {
        resolve();
        await unlessAborted(this.#gate.promise, signal);
        return inner.save(directory, lasting, signal);
      },
    }));
  }

  release(): void {
    this.#gate.resolve();
  }
}

/** names of the states that a VM has on the disk */
async function statesOf(host: FakeHost, vm: VmSupervisor): Promise<readonly string[]> {
  const names = await readdir(path.dirname(host.disks.statePath(vm.record.id, "x")));
  return names.filter((name) => name.startsWith("state-"));
}

test("suspension: it takes the machine and keeps the memory; a restore gives both back", async () => {
  await using host = await FakeHost.make();
  const vm = await started(host);
  const { guest } = host.boxOf(vm);
  guest.files.write("/tmp/note", Buffer.from("kept"), undefined);

  await vm.suspend(ORDER, never);

  assert.deepEqual([vm.phase, vm.contact, holdsShare(vm.phase)], ["suspended", undefined, false]);
  assert.equal(host.world.living().length, 0);
  assert.deepEqual(host.store.all(), [vm.record]);
  assert.deepEqual(await statesOf(host, vm), [`state-${vm.record.state.saved?.name}`]);

  await vm.restore(never);

  assert.equal(vm.phase, "running");
  const link = await vm.contact?.link(never);
  assert.equal(link?.agent.bootId, guest.bootId);
  assert.equal(host.boxOf(vm).guest.files.find("/tmp/note")?.kind, "file");
  assert.deepEqual(await statesOf(host, vm), []);
  assert.equal(vm.record.state.saved, undefined);
  assert.deepEqual(host.store.all(), [vm.record]);
  const life = ["start", "booted", "suspend", "saved", "restore", "booted"];
  assert.deepEqual(host.lifeOf(vm), life);
  assert.deepEqual(host.log.troubles(), []);
});

test("suspension: a VM that was paused runs when it is restored", async () => {
  await using host = await FakeHost.make();
  const vm = await started(host);
  await vm.pause(never);
  await vm.suspend(ORDER, never);
  await vm.restore(never);
  assert.equal(vm.phase, "running");
  assert.ok(await vm.contact?.link(never));
});

for (const before of ["running", "paused"] as const) {
  test(`suspension: when a save fails, a VM that was ${before} is so again`, async () => {
    await using host = await FakeHost.make();
    const vm = await started(host, { hypervisor: savingWith(host, () => ({ save: diskFull })) });
    if (before === "paused") await vm.pause(never);

    const refused = isError("hypervisor_failed", /could not be suspended: ENOSPC/);
    await assert.rejects(vm.suspend(ORDER, never), refused);

    assert.equal(vm.phase, before);
    assert.equal(host.boxOf(vm).guest.paused, before === "paused");
    assert.equal(vm.record.state.saved, undefined);
    assert.equal(vm.record.state.machine !== undefined, true);
    assert.deepEqual(await statesOf(host, vm), []);
  });
}

test("suspension: without room on the disk it is refused before a byte is written", async () => {
  await using host = await FakeHost.make();
  const vm = await started(host, {
    hypervisor: savingWith(host, () => ({ maxSizeBytes: () => 2 ** 60 })),
  });

  const refused = isError("no_capacity", /Not enough disk space on this host/);
  await assert.rejects(vm.suspend(ORDER, never), refused);

  assert.equal(vm.phase, "running");
  assert.equal(host.boxOf(vm).guest.paused, false);
});

test("suspension: a machine that dies while it is saved has crashed", async () => {
  await using host = await FakeHost.make();
  const held = new HeldSaves(host);
  const vm = await started(host, { hypervisor: held.hypervisor });
  const suspending = vm.suspend(ORDER, never);
  await held.begun;
  host.boxOf(vm).end({ kind: "crash", lastWords: "out of memory" });
  held.release();

  const said = /could not be suspended: out of memory/;
  await assert.rejects(suspending, isError("hypervisor_failed", said));

  assert.deepEqual([vm.phase, vm.record.state.reason], ["failed", "out of memory"]);
  assert.deepEqual(await statesOf(host, vm), []);
});

test("suspension: a kill calls a save off", async () => {
  await using host = await FakeHost.make();
  const held = new HeldSaves(host);
  const vm = await started(host, { hypervisor: held.hypervisor });
  const suspending = vm.suspend(ORDER, never);
  await held.begun;

  const killed = vm.kill("Deleted on request", never);

  await assert.rejects(suspending, isError("hypervisor_failed", /Deleted on request/));
  await killed;
  assert.equal(vm.phase, "stopped");
  assert.deepEqual(await statesOf(host, vm), []);
});

test("suspension: a kill calls a restore off; what is suspended then can be deleted", async () => {
  await using host = await FakeHost.make();
  const vm = await started(host);
  await vm.suspend(ORDER, never);
  const other = host.superviseAgain(vm.record, { planFor: planForEver });
  const restoring = other.restore(never);
  await eventually("the restore has begun", () => other.phase === "restoring");

  const killed = other.kill("Deleted on request", never);

  await assert.rejects(restoring, isError("hypervisor_failed", /Deleted on request/));
  await killed;
  assert.equal(other.phase, "suspended");
  await other.delete(never);
});

test("suspension: a restore that fails costs nothing, and says why", async () => {
  await using host = await FakeHost.make();
  const vm = await started(host);
  await vm.suspend(ORDER, never);
  const { saved } = vm.record.state;
  const other = host.superviseAgain(vm.record, { planFor: noBridge });

  const refused = isError("hypervisor_failed", /could not be restored: the bridge is gone/);
  await assert.rejects(other.restore(never), refused);

  assert.deepEqual([other.phase, other.record.state.saved], ["suspended", saved]);
  assert.equal(other.record.state.reason, "the bridge is gone");
  const again = host.superviseAgain(other.record);
  await again.restore(never);
  assert.equal(again.phase, "running");
});

test("suspension: a state that does not fit is refused by its own code", async () => {
  await using host = await FakeHost.make();
  const vm = await started(host);
  await vm.suspend(ORDER, never);
  const { record } = vm;
  const bigger = { ...record, spec: { ...record.spec, memoryMiB: 4096 } };
  const other = host.superviseAgain(bigger);

  await assert.rejects(other.restore(never), isError("state_unusable", /saved with memoryMiB/));

  assert.equal(other.phase, "suspended");
});

test("suspension: memory that is given up leaves a stopped VM that boots afresh", async () => {
  await using host = await FakeHost.make();
  const vm = await started(host);
  const { bootId } = host.boxOf(vm).guest;
  await vm.suspend(ORDER, never);

  await vm.giveUpMemory(never);

  assert.equal(vm.phase, "stopped");
  assert.deepEqual(await statesOf(host, vm), []);
  await vm.start(never);
  assert.notEqual(host.boxOf(vm).guest.bootId, bootId);
  await vm.giveUpMemory(never);
  assert.equal(vm.phase, "running");
});

test("suspension: a hypervisor that cannot says so, and the VM runs on", async () => {
  await using host = await FakeHost.make();
  const { name, isolation, guestReboot } = host.hypervisor;
  const hypervisor: Hypervisor = {
    name,
    isolation,
    guestReboot,
    boot: async (...order) => {
      const machine = await host.hypervisor.boot(...order);
      const { saving, ...rest } = machine;
      assert.ok(saving);
      const abandon = () => machine.abandon();
      return { ...rest, abandon, [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose]() };
    },
    adopt: async () => undefined,
    sweep: async () => [],
  };
  const vm = await started(host, { hypervisor });
  await assert.rejects(vm.suspend(ORDER, never), isError("unsupported", /cannot suspend a VM/));
  assert.equal(vm.phase, "running");
});

type Machine = "runs" | "stands still" | "is gone";

const FOUND: readonly (readonly [VmPhase, "kept" | "not kept", Machine, VmPhase])[] = [
  ["suspending", "not kept", "runs", "running"],
  ["suspending", "not kept", "stands still", "running"],
  ["suspending", "not kept", "is gone", "failed"],
  ["suspending", "kept", "stands still", "suspended"],
  ["suspending", "kept", "is gone", "suspended"],
  ["suspended", "kept", "is gone", "suspended"],
  ["restoring", "kept", "is gone", "suspended"],
  ["restoring", "kept", "stands still", "suspended"],
  ["restoring", "kept", "runs", "running"],
];

for (const [stored, memory, machine, phase] of FOUND) {
  test(`suspension: a VM stored as ${stored} whose memory is ${memory} and whose machine ${machine} is ${phase}`, async () => {
    await using host = await FakeHost.make();
    const vm = await leftBehind(host, { stored, memory, machine });

    await vm.adopt(never);

    assert.equal(vm.phase, phase);
    assert.deepEqual(host.store.all(), [vm.record]);
    assert.equal(host.world.living().length, phase === "running" ? 1 : 0);
    if (phase === "running") assert.equal(host.boxOf(vm).guest.paused, false);
    assert.equal(vm.record.state.saved !== undefined, phase === "suspended");
    if (phase !== "suspended") return;
    await vm.restore(never);
    assert.ok(await vm.contact?.link(never));
  });
}

/** A VM as an earlier daemon left it in the middle of something. */
async function leftBehind(
  host: FakeHost,
  {
    stored,
    memory,
    machine,
  }: { readonly stored: VmPhase; readonly memory: "kept" | "not kept"; readonly machine: Machine },
): Promise<VmSupervisor> {
  const earlier = await started(host);
  await earlier.abandon(never);
  const box = host.boxOf(earlier);
  const { id, hostname, state: before } = earlier.record;
  const saved = { name: "one", restoreAtStart: false };
  box.guest.pause();
  const directory = host.disks.statePath(id, saved.name);
  if (memory === "kept") {
    const found = await host.hypervisor.adopt({ ...box.plan, vmId: id }, undefined, never);
    await found?.saving?.save(directory, "durable", never);
  } else {
    await mkdir(`${directory}.part`);
  }
  if (machine === "runs") box.guest.resume();
  if (machine === "is gone") box.end({ kind: "crash", lastWords: "the host lost power" });
  const at = new Date(5_000);
  const state: VmState = { ...before, phase: stored, since: at, saved };
  const event = { vmId: id, hostname, at, input: "arranged", phase: stored, reason: undefined };
  host.store.saveState(id, state, event);
  return host.superviseAgain({ ...earlier.record, state });
}
