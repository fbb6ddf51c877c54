/**
 * What drivers must do that keep machines as states, as tests: part of `conformance.ts`, which runs
 * them where `Hypervisor.states` is present.
 */

import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";

import type { Hypervisor, MachineStates } from "#core/ports/hypervisor.ts";
import type { BootPlan, Machine, Saving } from "#core/ports/machine.ts";

export interface StatesHarness {
  /** a driver as a daemon that has just started makes it: it remembers no machine */
  readonly open: () => Hypervisor;
  /** a plan for a new VM; all plans share one run root, in which the run directory is named for the VM */
  readonly freshPlan: () => Promise<BootPlan>;
  /** has the guest power itself off; resolves when it was asked */
  readonly powerOff: (machine: Machine) => Promise<void>;
  readonly runs: (pid: number) => boolean;
  /** what tells this boot of a guest from every other, as its agent says it */
  readonly identity: (machine: Machine) => Promise<string>;
}

const never = new AbortController().signal;

const LIMIT = { timeout: 180_000 };

interface Saved {
  readonly plan: BootPlan;
  readonly directory: string;
  readonly identity: string;
}

export function describeStates(name: string, harness: StatesHarness): void {
  const { open, freshPlan, identity } = harness;

  const states = (): MachineStates => {
    const powers = open().states;
    assert.ok(powers, "the driver keeps no states");
    return powers;
  };

  /** A machine whose vCPUs stand still, and where its state may go. */
  async function heldMachine(): Promise<Saved & { readonly machine: Machine }> {
    const plan = await freshPlan();
    const machine = await open().boot(plan, never);
    const who = await identity(machine);
    await machine.pausing?.pause(never);
    const home = `${plan.consoleLogPath}-states`;
    await mkdir(home);
    return { plan, machine, identity: who, directory: path.join(home, "one") };
  }

  async function savedMachine(): Promise<Saved> {
    const { machine, ...saved } = await heldMachine();
    await savingOf(machine).save(saved.directory, "durable", never);
    await machine[Symbol.asyncDispose]();
    return saved;
  }

  async function leavesNothing(plan: BootPlan): Promise<void> {
    assert.equal(await open().adopt(plan, undefined, never), undefined, "a machine still runs");
  }

  describe(`${name}: states`, LIMIT, () => {
    test("a saved machine is restored standing still, and goes on when it is resumed", async () => {
      const { plan, directory, identity: before } = await savedMachine();

      await using machine = await states().restore(plan, directory, never);

      assert.equal(machine.pausedAtStart, true);
      assert.equal(harness.runs(machine.pid), true);
      await machine.pausing?.resume(never);
      assert.equal(await identity(machine), before);
      await harness.powerOff(machine);
      assert.deepEqual(await machine.exited, { kind: "clean" });
    });

    test("a state says its size and its time, and takes no more than was said before", async () => {
      const { machine, directory } = await heldMachine();
      await using _machine = machine;
      const most = savingOf(machine).maxSizeBytes();
      const before = Date.now();

      const saved = await savingOf(machine).save(directory, "durable", never);

      assert.deepEqual(await states().find(directory), saved);
      assert.ok(saved.sizeBytes <= most, `${saved.sizeBytes} of ${most}`);
      assert.ok(saved.savedAt.getTime() >= before - 1000);
      assert.deepEqual(await readdir(path.dirname(directory)), ["one"]);
    });

    test("an adopted machine can be saved, and restored and saved again", async () => {
      const { plan, machine, directory, identity: before } = await heldMachine();
      await machine.abandon();
      {
        await using adopted = await open().adopt(plan, machine.handle, never);
        assert.ok(adopted);
        await savingOf(adopted).save(directory, "durable", never);
      }
      const second = path.join(path.dirname(directory), "two");
      {
        await using restored = await states().restore(plan, directory, never);
        await restored.pausing?.resume(never);
        await restored.pausing?.pause(never);
        await savingOf(restored).save(second, "durable", never);
      }

      await using machineAgain = await states().restore(plan, second, never);

      await machineAgain.pausing?.resume(never);
      assert.equal(await identity(machineAgain), before);
    });

    test("a machine that was saved can be resumed all the same", async () => {
      const { machine, directory, identity: before } = await heldMachine();
      await using _machine = machine;

      await savingOf(machine).save(directory, "durable", never);
      await machine.pausing?.resume(never);

      assert.equal(await identity(machine), before);
    });

    test("a save that is called off leaves no state, and the machine goes on", async () => {
      const { machine, directory, identity: before } = await heldMachine();
      await using _machine = machine;
      const reason = new Error("changed my mind");

      const leaving = new AbortController();
      setImmediate(() => leaving.abort(reason));
      await assert.rejects(savingOf(machine).save(directory, "durable", leaving.signal), reason);

      assert.equal(await states().find(directory), undefined);
      assert.deepEqual(await readdir(path.dirname(directory)), []);
      await savingOf(machine).save(directory, "durable", never);
      await machine.pausing?.resume(never);
      assert.equal(await identity(machine), before);
    });

    test("a machine that runs is not saved", async () => {
      const { machine, directory } = await heldMachine();
      await using _machine = machine;
      await machine.pausing?.resume(never);

      await assert.rejects(savingOf(machine).save(directory, "durable", never), /paused/);

      assert.equal(await states().find(directory), undefined);
    });

    test("what was begun and not finished is no state", async () => {
      const { plan, directory } = await savedMachine();
      const other = path.join(path.dirname(directory), "other");
      await mkdir(other);

      assert.equal(await states().find(other), undefined);
      await assert.rejects(states().restore(plan, other, never), { code: "state_unusable" });
      await leavesNothing(plan);
    });

    test("another machine than the saved one is refused with what differs, and harms nothing", async () => {
      const { plan, directory, identity: before } = await savedMachine();
      const { vcpus, memoryMiB } = plan;

      for (const other of [
        { ...plan, vcpus: vcpus + 1 },
        { ...plan, memoryMiB: memoryMiB * 2 },
      ]) {
        await assert.rejects(states().restore(other, directory, never), {
          code: "state_unusable",
          message: /cannot be restored: it was saved /,
        });
        await leavesNothing(plan);
      }

      await using machine = await states().restore(plan, directory, never);
      await machine.pausing?.resume(never);
      assert.equal(await identity(machine), before);
    });

    test("a restore that is called off leaves nothing but the state", async () => {
      const { plan, directory, identity: before } = await savedMachine();
      const reason = new Error("client left");
      const leaving = new AbortController();
      setImmediate(() => leaving.abort(reason));

      await assert.rejects(states().restore(plan, directory, leaving.signal), reason);
      await assert.rejects(states().restore(plan, directory, AbortSignal.abort(reason)), reason);

      await leavesNothing(plan);
      await using machine = await states().restore(plan, directory, never);
      await machine.pausing?.resume(never);
      assert.equal(await identity(machine), before);
    });

    test("a restored machine that never ran can be thrown away and restored again", async () => {
      const { plan, directory, identity: before } = await savedMachine();
      const first = await states().restore(plan, directory, never);
      await first[Symbol.asyncDispose]();

      await using second = await states().restore(plan, directory, never);

      await second.pausing?.resume(never);
      assert.equal(await identity(second), before);
    });

    test("a restored machine is found again by the next daemon, standing still as it was left", async () => {
      const { plan, directory, identity: before } = await savedMachine();
      const machine = await states().restore(plan, directory, never);
      await machine.abandon();

      await using found = await open().adopt(plan, machine.handle, never);

      assert.equal(found?.pid, machine.pid);
      assert.equal(found.pausedAtStart, true);
      await found.pausing?.resume(never);
      assert.equal(await identity(found), before);
    });
  });
}

function savingOf({ saving }: Machine): Saving {
  assert.ok(saving, "the machine cannot be saved");
  return saving;
}
