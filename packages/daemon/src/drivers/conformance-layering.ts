/**
 * What drivers must do whose machines can be given a new layer of their disk while they live, as tests:
 * part of `conformance.ts`. A machine without that power passes.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import type { GuestLink } from "#core/ports/guest-link.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import type { BootPlan, DiskPlan, Machine } from "#core/ports/machine.ts";

export interface LayeringHarness {
  readonly open: () => Hypervisor;
  readonly freshPlan: () => Promise<BootPlan>;
  /** a new empty overlay on a disk that nobody writes to any more */
  readonly overlayOn: (disk: DiskPlan) => Promise<DiskPlan>;
  readonly dial: (machine: Machine) => Promise<GuestLink>;
}

const never = new AbortController().signal;

const LIMIT = { timeout: 180_000 };

const LAYERS = 5;

export function describeLayering(name: string, harness: LayeringHarness): void {
  const { open, freshPlan, overlayOn, dial } = harness;

  /** A machine that was given layers, one after the other, with something written before and after each. */
  async function layered(machine: Machine, { disks }: BootPlan): Promise<readonly DiskPlan[]> {
    let [disk] = disks;
    assert.ok(disk && machine.layering);
    const all = [disk];
    await leave("mark0", machine);
    for (let count = 1; count <= LAYERS; count += 1) {
      disk = await overlayOn(disk);
      await machine.pausing?.pause(never);
      await machine.layering.addLayer(disk, never);
      await machine.pausing?.resume(never);
      all.push(disk);
      await leave(`mark${count}`, machine);
    }
    return all;
  }

  async function leave(mark: string, machine: Machine): Promise<void> {
    await using link = await dial(machine);
    const made = { path: `/var/${mark}`, recursive: true, mode: 0o755, user: ROOT };
    await link.makeDirectory(made, never);
  }

  async function marksIn(machine: Machine): Promise<readonly string[]> {
    await using link = await dial(machine);
    const names: string[] = [];
    for await (const entry of await link.readDirectory({ path: "/var", user: ROOT }, never)) {
      if (entry.name.startsWith("mark")) names.push(entry.name);
    }
    return names.toSorted();
  }

  describe(`${name}: layers of a disk`, LIMIT, () => {
    test("a machine writes to the newest layer, and those below stay as they are", async () => {
      const plan = await freshPlan();
      await using machine = await open().boot(plan, never);
      if (!machine.layering) return;

      const disks = await layered(machine, plan);
      const sums = await Promise.all(disks.slice(0, -1).map(checksum));
      await leave("last", machine);
      const marks = await marksIn(machine);
      await machine[Symbol.asyncDispose]();

      assert.equal(marks.length, LAYERS + 1);
      assert.deepEqual(await Promise.all(disks.slice(0, -1).map(checksum)), sums);
    });

    test("a machine with layers is adopted, given another, saved and restored", async () => {
      const plan = await freshPlan();
      await using booted = await open().boot(plan, never);
      if (!booted.layering) return;
      const below = (await layered(booted, plan)).at(-1);
      assert.ok(below);
      await booted.abandon();
      const saved = `${plan.consoleLogPath}-state`;
      const disk = await overlayOn(below);
      {
        await using machine = await open().adopt(plan, booted.handle, never);
        await machine?.pausing?.pause(never);
        await machine?.layering?.addLayer(disk, never);
        await machine?.saving?.save(saved, "durable", never);
      }

      await using restored = await open().states?.restore({ ...plan, disks: [disk] }, saved, never);

      assert.ok(restored);
      await restored.pausing?.resume(never);
      await leave("mark9", restored);
      assert.equal((await marksIn(restored)).length, LAYERS + 2);
    });

    test("a machine that goes on after a save on a layer of its own leaves the state as it was", async () => {
      const plan = await freshPlan();
      await using machine = await open().boot(plan, never);
      const [below] = plan.disks;
      if (!machine.layering || !below) return;
      await leave("mark0", machine);
      const saved = `${plan.consoleLogPath}-copied`;
      const disk = await overlayOn(below);

      await machine.pausing?.pause(never);
      await machine.saving?.save(saved, "passing", never);
      await machine.layering.addLayer(disk, never);
      await machine.pausing?.resume(never);
      await leave("mark1", machine);

      const other = { ...(await freshPlan()), disks: [await overlayOn(below)] };
      await using copy = await open().states?.restore(other, saved, never);
      assert.ok(copy);
      await copy.pausing?.resume(never);
      await leave("mark2", copy);
      assert.deepEqual(await marksIn(copy), ["mark0", "mark2"]);
      assert.deepEqual(await marksIn(machine), ["mark0", "mark1"]);
    });

    test("a machine is given no layer above a file that it does not write to", async () => {
      const plan = await freshPlan();
      await using machine = await open().boot(plan, never);
      const [disk] = plan.disks;
      if (!machine.layering || !disk) return;
      await leave("mark0", machine);
      const overlay = await overlayOn(disk);
      await machine.pausing?.pause(never);

      await assert.rejects(machine.layering.addLayer(await overlayOn(overlay), never), /write/);

      await machine.layering.addLayer(overlay, never);
      await machine.pausing?.resume(never);
      await leave("mark1", machine);
      assert.deepEqual(await marksIn(machine), ["mark0", "mark1"]);
    });

    test("a machine that runs is given no layer, nor one for a disk that it does not have", async () => {
      const plan = await freshPlan();
      await using machine = await open().boot(plan, never);
      const [disk] = plan.disks;
      if (!machine.layering || !disk) return;
      const overlay = await overlayOn(disk);
      await leave("mark0", machine);

      await assert.rejects(machine.layering.addLayer(overlay, never), /paused/);
      await machine.pausing?.pause(never);
      await assert.rejects(machine.layering.addLayer({ ...overlay, id: "other" }, never), /other/);
      const reason = new Error("changed my mind");
      await assert.rejects(machine.layering.addLayer(overlay, AbortSignal.abort(reason)), reason);

      await machine.layering.addLayer(overlay, never);
      await machine.pausing?.resume(never);
      await leave("mark1", machine);
      assert.deepEqual(await marksIn(machine), ["mark0", "mark1"]);
    });
  });
}

const ROOT = { uid: 0, gid: 0 } as const;

async function checksum({ path }: DiskPlan): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
