/** A template that machines are made from: its memory, sealed and mapped by all of them, and its devices. */

import { AlcoveError } from "#core/errors.ts";
import type { BootPlan, Machine } from "#core/ports/machine.ts";
import type { OpenTemplate } from "#core/ports/machine-templates.ts";

import { type QemuHost, qemuLaunch } from "./argv.ts";
import { differenceOf, shapeOf } from "./machine-shape.ts";
import { loadFrom } from "./migration.ts";
import type { ProgramVersion } from "./program-version.ts";
import { ignoreShared } from "./qmp.ts";
import { WAITS_FOR_STATE, wordsOf } from "./restoring.ts";
import { makeSharedMemory, sealMemory, type SharedMemory } from "./shared-memory.ts";
import { carryMemory } from "./sparse-memory.ts";
import type { ReadyQemu, StartMachine } from "./start.ts";
import { openStored, type StoredTemplate, type TemplateManifest } from "./template-files.ts";

export interface Workshop {
  readonly config: QemuHost;
  readonly start: StartMachine;
  readonly version: ProgramVersion;
}

/** Reads a template into memory that nobody can change, and checks it on the way. */
export async function forkable(
  directory: string,
  workshop: Workshop,
  signal: AbortSignal,
): Promise<OpenTemplate> {
  signal.throwIfAborted();
  const stored = await openStored(directory);
  if (typeof stored === "string") throw unusable(stored);
  await using _stored = stored;
  mustBeOf(stored.manifest, await workshop.version.ask(signal));
  const memory = await sealedCopy(stored, signal);
  return new QemuTemplate(workshop, stored, memory);
}

class QemuTemplate implements OpenTemplate {
  readonly memoryBytes: number;
  readonly #workshop: Workshop;
  readonly #manifest: TemplateManifest;
  readonly #devices: Buffer;
  readonly #memory: SharedMemory;
  readonly #underWay = new Set<Promise<Machine>>();
  #closed = false;

  constructor(
    workshop: Workshop,
    { manifest, devices }: Pick<StoredTemplate, "manifest" | "devices">,
    memory: SharedMemory,
  ) {
    this.memoryBytes = manifest.memory.storedBytes;
    this.#workshop = workshop;
    this.#manifest = manifest;
    this.#devices = devices;
    this.#memory = memory;
  }

  async fork(plan: BootPlan, signal: AbortSignal): Promise<Machine> {
    signal.throwIfAborted();
    if (this.#closed) throw unusable("it was put away");
    const fork = this.#fork(plan, signal);
    this.#underWay.add(fork);
    try {
      return await fork;
    } finally {
      this.#underWay.delete(fork);
    }
  }

  async #fork(plan: BootPlan, signal: AbortSignal): Promise<Machine> {
    const { config, start, version } = this.#workshop;
    mustBeOf(this.#manifest, await version.ask(signal));
    const { path } = this.#memory;
    const launch = qemuLaunch(plan, config, { kind: "file", path, share: false });
    const difference = differenceOf(this.#manifest.shape, shapeOf(launch.args));
    if (difference !== undefined) throw unusable(difference);
    const waiting = { ...launch, args: [...launch.args, ...WAITS_FOR_STATE] };
    return start(plan, waiting, signal, (qemu) => this.#load(qemu, signal));
  }

  async #load({ qmp, died, paths, take }: ReadyQemu, signal: AbortSignal): Promise<"stands still"> {
    const devices = { bytes: this.#devices.length, pieces: [this.#devices] };
    const till = AbortSignal.any([signal, died]);
    try {
      // QEMU takes its commands in their order: nobody waits for this answer before it is given the next.
      const ignoring = ignoreShared(true, qmp, till);
      ignoring.catch(() => undefined); // thrown below, when the load has ended
      await loadFrom(devices, { qmp, path: paths.state, sealed: take }, till);
      await ignoring;
      // What it has is its own now: a state of it holds all of its memory.
      await ignoreShared(false, qmp, till);
    } catch (cause) {
      signal.throwIfAborted();
      throw unusable(await wordsOf(cause, died), { cause });
    }
    return "stands still";
  }

  /** The memory is opened by the number of its descriptor, which could be another file's as soon as it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
    await this.#memory[Symbol.asyncDispose]();
  }
}

async function sealedCopy(
  { manifest, memory }: StoredTemplate,
  signal: AbortSignal,
): Promise<SharedMemory> {
  const { bytes, sha256 } = manifest.memory;
  await using undo = new AsyncDisposableStack();
  const copy = undo.use(await makeSharedMemory(bytes, signal));
  const carried = await carryMemory(memory, copy.handle, bytes, signal);
  if (carried.sha256 !== sha256) throw unusable("its memory file was changed or damaged");
  await sealMemory(copy, signal);
  undo.move();
  return copy;
}

function mustBeOf({ qemu }: TemplateManifest, here: string): void {
  if (qemu !== here) throw unusable(`it was frozen by ${qemu}, and this host has ${here}`);
}

function unusable(why: string, options?: ErrorOptions): AlcoveError {
  const message = `The template cannot be used: ${why}`;
  return new AlcoveError("state_unusable", message, { hypervisor: "qemu" }, options);
}
