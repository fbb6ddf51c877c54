/** Machines from the memory of another: what makes one, freezing it, and taking it up again. */

import type { BootPlan } from "#core/ports/machine.ts";
import type {
  FreezableMachine,
  MachineTemplates,
  OpenTemplate,
} from "#core/ports/machine-templates.ts";
import { MIB } from "#lib/bytes.ts";

import { type QemuHost, qemuLaunch } from "./argv.ts";
import { forkable } from "./forking.ts";
import { freeze } from "./freezing.ts";
import { shapeOf } from "./machine-shape.ts";
import { ProgramVersion } from "./program-version.ts";
import { makeSharedMemory } from "./shared-memory.ts";
import type { ReadyQemu, StartMachine } from "./start.ts";
import { findTemplate, sha256 } from "./template-files.ts";

/** changes when templates made before are not to be used */
const KEY_VERSION = 1;

/** words of the kernel's command line that follow from the host, and differ a little each time they are measured */
const TSC_WORD = /^tsc_early_khz=/;

export class QemuTemplates implements MachineTemplates {
  readonly find = findTemplate;
  readonly #config: QemuHost;
  readonly #start: StartMachine;
  readonly #version: ProgramVersion;

  /** @param config with the program's name or absolute path */
  constructor(config: QemuHost & { readonly binary: string }, start: StartMachine) {
    this.#config = config;
    this.#start = start;
    this.#version = new ProgramVersion(config.binary);
  }

  async keyOf(plan: BootPlan, signal: AbortSignal): Promise<string> {
    const { args } = qemuLaunch(plan, this.#config);
    const { options } = shapeOf(args);
    const kernelLine = args[args.indexOf("-append") + 1] ?? "";
    const words = kernelLine.split(" ").filter((word) => !TSC_WORD.test(word));
    const qemu = await this.#version.ask(signal);
    return sha256(JSON.stringify({ v: KEY_VERSION, qemu, options, words }));
  }

  async boot(plan: BootPlan, signal: AbortSignal): Promise<FreezableMachine> {
    const qemu = await this.#version.ask(signal);
    await using undo = new AsyncDisposableStack();
    const memory = undo.use(await makeSharedMemory(plan.memoryMiB * MIB, signal));
    const file = { kind: "file", path: memory.path, share: true } as const;
    const ready = Promise.withResolvers<ReadyQemu>();
    const launch = qemuLaunch(plan, this.#config, file);
    const machine = await this.#start(plan, launch, signal, async (started) => {
      await started.take();
      ready.resolve(started);
      return "runs";
    });
    const started = await ready.promise;
    const kept = undo.move();
    void machine.exited.then(() => kept.disposeAsync());
    return Object.assign(machine, {
      freeze: (directory: string, till: AbortSignal) =>
        freeze({ ...started, memory, qemu }, directory, till),
    });
  }

  async open(directory: string, signal: AbortSignal): Promise<OpenTemplate> {
    const parts = { config: this.#config, start: this.#start, version: this.#version };
    return forkable(directory, parts, signal);
  }
}
