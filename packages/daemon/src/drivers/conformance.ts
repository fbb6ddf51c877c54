/**
 * What every driver must do, as tests. Each driver runs this against itself:
 *
 *     describeHypervisor("qemu", harness);
 *
 * A new driver is done when this passes. A new promise in the port starts here.
 * What it cannot see: whether a guest's own programs work; that is the guest link's.
 */

import assert from "node:assert/strict";
import { access, readdir } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";

import type { BootPlan, Exit, Machine } from "#core/ports/machine.ts";

import { describeLayering, type LayeringHarness } from "./conformance-layering.ts";
import { describeStates, type StatesHarness } from "./conformance-states.ts";
import { describeTemplates, type TemplatesHarness } from "./conformance-templates.ts";

/** What the contract needs to know about one driver and its surroundings. */
export interface HypervisorHarness extends StatesHarness, TemplatesHarness, LayeringHarness {
  /** a plan that is well-formed and that no machine can come of, and what the driver will say about it */
  readonly hopelessPlan: () => Promise<{ readonly plan: BootPlan; readonly complaint: RegExp }>;
  /** ends a machine from outside, as the kernel would that is out of memory */
  readonly crash: (machine: Machine) => Promise<void>;
}

const never = new AbortController().signal;

const LIMIT = { timeout: 60_000 };

export function describeHypervisor(name: string, harness: HypervisorHarness): void {
  const { open, freshPlan } = harness;

  async function bootAndAdopt(plan: BootPlan): Promise<Machine> {
    const machine = await open().boot(plan, never);
    await machine.abandon();
    const found = await open().adopt(plan, machine.handle, never);
    assert.ok(found);
    return found;
  }

  async function leavesNothing(plan: BootPlan): Promise<void> {
    assert.equal(await exists(plan.runDir), false, "the run directory is still there");
    assert.equal(await open().adopt(plan, undefined, never), undefined, "a machine still runs");
  }

  describe(`${name}: booting`, LIMIT, () => {
    test("a booted machine runs, and says where it is found", async () => {
      const plan = await freshPlan();
      await using machine = await open().boot(plan, never);

      assert.equal(harness.runs(machine.pid), true);
      assert.equal(machine.pausedAtStart, false);
      assert.notEqual(machine.agentEndpoint, "");
      assert.equal(await exists(plan.runDir), true);
    });

    test("an aborted boot rejects with the signal's reason and leaves nothing", async () => {
      const plan = await freshPlan();
      const reason = new Error("client left");

      await assert.rejects(open().boot(plan, AbortSignal.abort(reason)), reason);

      await leavesNothing(plan);
    });

    test("a boot aborted half-way rejects with the signal's reason and leaves nothing", async () => {
      const plan = await freshPlan();
      const reason = new Error("client left");
      const leaving = new AbortController();
      setImmediate(() => leaving.abort(reason));

      await assert.rejects(open().boot(plan, leaving.signal), reason);

      await leavesNothing(plan);
    });

    test("a boot that fails rejects with the hypervisor's words and leaves nothing", async () => {
      const { plan, complaint } = await harness.hopelessPlan();

      await assert.rejects(open().boot(plan, never), complaint);

      await leavesNothing(plan);
    });

    test("a VM whose machine runs is not booted a second time", async () => {
      const plan = await freshPlan();
      await using machine = await open().boot(plan, never);

      await assert.rejects(open().boot(plan, never), /already runs/);

      assert.equal(harness.runs(machine.pid), true);
      assert.equal(await exists(plan.runDir), true);
    });

    test("a VM can be booted again after its machine is gone", async () => {
      const plan = await freshPlan();
      const hypervisor = open();
      const first = await hypervisor.boot(plan, never);
      await first[Symbol.asyncDispose]();

      await using second = await hypervisor.boot(plan, never);

      assert.equal(harness.runs(second.pid), true);
    });
  });

  describe(`${name}: ending`, LIMIT, () => {
    test("a guest that powers itself off ends cleanly", async () => {
      await using machine = await open().boot(await freshPlan(), never);

      await harness.powerOff(machine);

      assert.deepEqual(await machine.exited, { kind: "clean" });
    });

    test("a machine that is killed has crashed, and it is said how", async () => {
      await using machine = await open().boot(await freshPlan(), never);

      await harness.crash(machine);

      assertCrash(await machine.exited, /SIGKILL/);
    });

    test("disposing ends the machine, keeps its console log, and may be done twice", async () => {
      const plan = await freshPlan();
      const machine = await open().boot(plan, never);

      await Promise.all([machine[Symbol.asyncDispose](), machine[Symbol.asyncDispose]()]);
      await machine[Symbol.asyncDispose]();

      assert.equal(harness.runs(machine.pid), false);
      assertCrash(await machine.exited, /./);
      assert.equal(await exists(plan.consoleLogPath), true);
      await leavesNothing(plan);
    });

    test("disposing a machine that has ended cleans up after it", async () => {
      const plan = await freshPlan();
      const machine = await open().boot(plan, never);
      await harness.crash(machine);
      await machine.exited;

      await machine[Symbol.asyncDispose]();

      await leavesNothing(plan);
    });
  });

  describe(`${name}: pausing`, LIMIT, () => {
    test("a paused machine is found paused, and runs on when it is resumed", async () => {
      const plan = await freshPlan();
      const machine = await open().boot(plan, never);
      if (!machine.pausing) {
        await machine[Symbol.asyncDispose]();
        return;
      }
      await machine.pausing.pause(never);
      await machine.abandon();

      await using found = await open().adopt(plan, machine.handle, never);
      assert.equal(found?.pausedAtStart, true);
      await found.pausing?.resume(never);
      await harness.powerOff(found);

      assert.deepEqual(await found.exited, { kind: "clean" });
    });

    test("a paused machine can be disposed", async () => {
      const plan = await freshPlan();
      const machine = await open().boot(plan, never);
      await machine.pausing?.pause(never);

      await machine[Symbol.asyncDispose]();

      await leavesNothing(plan);
    });
  });

  describe(`${name}: adopting`, LIMIT, () => {
    for (const handleIs of ["stored", "lost", "of another machine", "damaged"] as const) {
      test(`an abandoned machine is found again when its handle is ${handleIs}`, async () => {
        const plan = await freshPlan();
        const machine = await open().boot(plan, never);
        const handle = {
          stored: machine.handle,
          lost: undefined,
          "of another machine": machine.handle.replaceAll(String(machine.pid), "1"),
          damaged: "{",
        }[handleIs];
        await machine.abandon();
        await machine[Symbol.asyncDispose](); // does nothing any more

        await using found = await open().adopt(plan, handle, never);

        assert.equal(found?.pid, machine.pid);
        assert.equal(found.pausedAtStart, false);
        assert.equal(found.handle, machine.handle);
        assert.equal(found.agentEndpoint, machine.agentEndpoint);
        assert.equal(harness.runs(found.pid), true);
      });
    }

    test("an adopted machine ends cleanly, crashes and is disposed like any other", async () => {
      const endings: Exit["kind"][] = [];
      for (const end of [harness.powerOff, harness.crash]) {
        const plan = await freshPlan();
        await using machine = await bootAndAdopt(plan);
        await end(machine);
        endings.push((await machine.exited).kind);
        await machine[Symbol.asyncDispose]();
        await leavesNothing(plan);
      }

      assert.deepEqual(endings, ["clean", "crash"]);
    });

    test("a machine that died meanwhile is gone, and what it left is removed", async () => {
      const plan = await freshPlan();
      const machine = await open().boot(plan, never);
      await machine.abandon();
      await harness.crash(machine);

      assert.equal(await open().adopt(plan, machine.handle, never), undefined);

      assert.equal(await exists(plan.runDir), false);
    });

    test("an aborted adoption rejects with the signal's reason and harms nothing", async () => {
      const plan = await freshPlan();
      const machine = await open().boot(plan, never);
      await machine.abandon();
      const reason = new Error("the daemon stops");

      await assert.rejects(open().adopt(plan, machine.handle, AbortSignal.abort(reason)), reason);

      await using found = await open().adopt(plan, machine.handle, never);
      assert.equal(found?.pid, machine.pid);
    });
  });

  if (open().states) describeStates(name, harness);
  if (open().templates) describeTemplates(name, harness);
  describeLayering(name, harness);

  describe(`${name}: sweeping`, LIMIT, () => {
    test("machines of unknown VMs are ended and removed, those of known ones are left alone", async () => {
      const [known, unknown] = [await freshPlan(), await freshPlan()];
      await using kept = await open().boot(known, never);
      const orphan = await open().boot(unknown, never);
      await orphan.abandon();
      const runRoot = path.dirname(known.runDir);

      const removed = await open().sweep(runRoot, new Set([known.vmId]), never);

      assert.match(removed.join("\n"), new RegExp(unknown.vmId));
      assert.doesNotMatch(removed.join("\n"), new RegExp(known.vmId));
      assert.equal(harness.runs(orphan.pid), false);
      assert.equal(harness.runs(kept.pid), true);
      assert.deepEqual(await readdir(runRoot), [known.vmId]);
    });

    test("a run root that was never made holds nothing", async () => {
      const { runDir } = await freshPlan();

      assert.deepEqual(await open().sweep(path.join(runDir, "none"), new Set(), never), []);
    });
  });
}

function assertCrash(exit: Exit, words: RegExp): void {
  assert.equal(exit.kind, "crash");
  assert.match(exit.kind === "crash" ? exit.lastWords : "", words);
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
