/**
 * States of fake machines: a directory on the disk, as of any driver, that says which memory in the
 * fake world is meant.
 */

import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import type { BootPlan, MachineState } from "#core/ports/machine.ts";
import { MIB } from "#lib/bytes.ts";
import { pause } from "#lib/patience.ts";

import type { FakeBox, FakeWorld } from "./fake-world.ts";

const MANIFEST = "manifest.json";

interface Manifest {
  readonly memory: string;
  readonly savedAt: string;
  readonly sizeBytes: number;
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** @param latencyMs how long it takes, in `ms` */
export async function saveFake(
  world: FakeWorld,
  box: FakeBox,
  { directory, latencyMs }: { readonly directory: string; readonly latencyMs: number },
  signal: AbortSignal,
): Promise<MachineState> {
  if (!box.guest.paused) throw new Error("invariant: only a paused machine is saved");
  const draft = `${directory}.part`;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(draft, { recursive: true, force: true }));
  await mkdir(draft, { recursive: true });
  await pause(latencyMs, signal);
  if (box.gone) throw new Error("The fake machine ended while it was saved");
  const { vcpus, memoryMiB } = box.plan;
  const manifest: Manifest = {
    memory: randomUUID(),
    savedAt: new Date().toISOString(),
    sizeBytes: box.guest.files.usedBytes,
    vcpus,
    memoryMiB,
  };
  await writeFile(path.join(draft, MANIFEST), JSON.stringify(manifest));
  signal.throwIfAborted();
  world.memories.set(manifest.memory, box.guest.memory());
  await rename(draft, directory);
  undo.move();
  return described(manifest);
}

/** the most that a fake state can take, in bytes */
export function maxFakeState(plan: BootPlan): number {
  return plan.memoryMiB * MIB;
}

export async function findFake(directory: string): Promise<MachineState | undefined> {
  const manifest = await readManifest(directory);
  return manifest && described(manifest);
}

/** Puts the machine into the world; its processors stand still. */
export async function restoreFake(
  world: FakeWorld,
  plan: BootPlan,
  directory: string,
): Promise<FakeBox> {
  const manifest = await readManifest(directory);
  if (!manifest) throw unusable("there is no whole state");
  for (const what of ["vcpus", "memoryMiB"] as const) {
    if (manifest[what] === plan[what]) continue;
    throw unusable(`it was saved with ${what} ${manifest[what]}, not ${plan[what]}`);
  }
  const memory = world.memories.get(manifest.memory);
  if (!memory) throw unusable("its memory went with an earlier fake world");
  return world.add(plan, memory);
}

async function readManifest(directory: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(path.join(directory, MANIFEST), "utf8"));
  } catch {
    return undefined; // there is none
  }
}

function described({ sizeBytes, savedAt }: Manifest): MachineState {
  return { sizeBytes, savedAt: new Date(savedAt) };
}

function unusable(why: string): AlcoveError {
  const message = `The saved machine cannot be restored: ${why}`;
  return new AlcoveError("state_unusable", message, { hypervisor: "fake" });
}
