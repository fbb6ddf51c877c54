/**
 * Templates of fake machines: a directory on the disk, as of any driver, that says which memory in the
 * fake world is meant.
 */

import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import type { BootPlan, Machine } from "#core/ports/machine.ts";
import type {
  FreezableMachine,
  MachineTemplates,
  OpenTemplate,
  TemplateState,
} from "#core/ports/machine-templates.ts";
import { pause } from "#lib/patience.ts";

import type { FakeBox, FakeWorld } from "./fake-world.ts";

const MANIFEST = "manifest.json";

interface Manifest {
  readonly memory: string;
  readonly frozenAt: string;
  readonly sizeBytes: number;
  readonly key: string;
}

/** What fake templates are made with. */
export interface FakeWorkshop {
  readonly world: FakeWorld;
  /** how long it takes to freeze one, in `ms` */
  readonly latencyMs: number;
  readonly boot: (plan: BootPlan, signal: AbortSignal) => Promise<Machine>;
  /** puts a machine with that memory into the world */
  readonly start: (
    plan: BootPlan,
    signal: AbortSignal,
    make: () => Promise<FakeBox>,
  ) => Promise<Machine>;
}

export class FakeTemplates implements MachineTemplates {
  readonly #workshop: FakeWorkshop;

  constructor(workshop: FakeWorkshop) {
    this.#workshop = workshop;
  }

  async keyOf(plan: BootPlan, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    return sha256(`${this.#workshop.world.id} ${keyOf(plan)}`); // what it holds goes with the world
  }

  async boot(plan: BootPlan, signal: AbortSignal): Promise<FreezableMachine> {
    const machine = await this.#workshop.boot(plan, signal);
    return Object.assign(machine, {
      freeze: (directory: string, till: AbortSignal) =>
        freeze(this.#workshop, plan, directory, till),
    });
  }

  async find(directory: string): Promise<TemplateState | undefined> {
    const manifest = await readManifest(directory);
    return typeof manifest === "string" ? undefined : described(manifest);
  }

  async open(directory: string, signal: AbortSignal): Promise<OpenTemplate> {
    signal.throwIfAborted();
    const manifest = await readManifest(directory);
    if (typeof manifest === "string") throw unusable(manifest);
    const { world, start } = this.#workshop;
    let closed = false;
    const memory = world.memories.get(manifest.memory);
    if (!memory) throw unusable("its memory went with an earlier fake world");
    return {
      memoryBytes: manifest.sizeBytes,
      fork: async (plan, till) => {
        if (closed) throw unusable("it was put away");
        return start(plan, till, async () => {
          if (keyOf(plan) === manifest.key) return world.add(plan, memory);
          throw unusable("it was frozen by another machine");
        });
      },
      [Symbol.asyncDispose]: async () => {
        closed = true; // nothing else is held: the memory is the world's
      },
    };
  }
}

async function freeze(
  { world, latencyMs }: FakeWorkshop,
  plan: BootPlan,
  directory: string,
  signal: AbortSignal,
): Promise<TemplateState> {
  signal.throwIfAborted();
  const box = world.find(plan.vmId);
  if (!box) throw new Error("The fake machine ended before it was frozen");
  box.guest.pause();
  const draft = `${directory}.part`;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(draft, { recursive: true, force: true }));
  await mkdir(draft);
  await pause(latencyMs, signal);
  const manifest: Manifest = {
    memory: randomUUID(),
    frozenAt: new Date().toISOString(),
    sizeBytes: box.guest.files.usedBytes,
    key: keyOf(plan),
  };
  await writeFile(path.join(draft, MANIFEST), textOf(manifest));
  signal.throwIfAborted();
  world.memories.set(manifest.memory, box.guest.memory());
  await rename(draft, directory);
  undo.move();
  return described(manifest);
}

/** A fake machine is made of little. */
function keyOf({ vcpus, memoryMiB, disks, network, kernel }: BootPlan): string {
  const { mode } = network;
  const card = mode === "none" || mode === "user" ? mode : "tap";
  const drives = disks.map(({ id }) => id);
  return sha256(JSON.stringify([vcpus, memoryMiB, drives, card, kernel?.args]));
}

/** Two lines: what it says, and the checksum of that. */
function textOf(manifest: Manifest): string {
  return withChecksum(JSON.stringify(manifest));
}

function withChecksum(line: string): string {
  return `${line}\n${sha256(line)}\n`;
}

/** @returns it, or why it cannot be used, in words */
async function readManifest(directory: string): Promise<Manifest | string> {
  const text = await readFile(path.join(directory, MANIFEST), "utf8").catch(() => undefined);
  if (text === undefined) return "there is no whole template";
  const [line = ""] = text.split("\n");
  return text === withChecksum(line) ? JSON.parse(line) : "it was changed or damaged";
}

function described(manifest: Manifest): TemplateState {
  const { sizeBytes, frozenAt } = manifest;
  const digest = sha256(JSON.stringify(manifest));
  return { sizeBytes, savedAt: new Date(frozenAt), digest };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function unusable(why: string): AlcoveError {
  const message = `The template cannot be used: ${why}`;
  return new AlcoveError("state_unusable", message, { hypervisor: "fake" });
}
