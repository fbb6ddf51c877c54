/**
 * A hypervisor without processes: a real driver, under the contract, whose machines are objects.
 *
 * It is for tests, for load tests with thousands of VMs, and for working on clients where nothing
 * can be virtualised. It does not pretend: its name, and its agent's version, are "fake".
 */

import { appendFile, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";

import type { GuestReboot, Hypervisor, MachineStates } from "#core/ports/hypervisor.ts";
import type {
  BootPlan,
  ConfidentialDoor,
  Layering,
  Machine,
  Pausing,
  Saving,
  Whereabouts,
} from "#core/ports/machine.ts";
import type { MachineTemplates } from "#core/ports/machine-templates.ts";
import { pause } from "#lib/patience.ts";

import { beginLaunch } from "../shared/begin-launch.ts";
import { FakeDoor } from "./fake-confidential.ts";
import { addFakeLayer } from "./fake-layering.ts";
import { findFake, maxFakeState, restoreFake, saveFake } from "./fake-states.ts";
import { FakeTemplates } from "./fake-templates.ts";
import type { FakeBox, FakeWorld } from "./fake-world.ts";

export interface FakeConfig {
  /** how long a boot takes, in `ms` */
  readonly bootLatencyMs: number;
}

/** A word on the kernel command line that makes the machine die at boot, for tests. */
export const DIES_AT_BOOT = "fake.dies_at_boot";

/** how endpoints of fake guests begin; the VM's id follows */
export const FAKE_ENDPOINT = "fake:";

const KILLED = "ended by SIGKILL, as the host wanted";

export class FakeHypervisor implements Hypervisor {
  readonly name = "fake";
  readonly isolation = "none";
  readonly guestReboot: GuestReboot;
  readonly states: MachineStates;
  readonly templates: MachineTemplates;
  readonly #world: FakeWorld;
  readonly #config: FakeConfig;

  constructor(world: FakeWorld, config: FakeConfig) {
    this.#world = world;
    this.guestReboot = world.guestReboot;
    this.#config = config;
    this.states = {
      find: findFake,
      restore: (plan, directory, signal) =>
        this.#start(plan, signal, () => restoreFake(world, plan, directory)),
    };
    this.templates = new FakeTemplates({
      world,
      latencyMs: config.bootLatencyMs,
      boot: (plan, signal) => this.boot(plan, signal),
      start: (...order) => this.#start(...order),
    });
  }

  async boot(plan: BootPlan, signal: AbortSignal): Promise<Machine> {
    return this.#start(plan, signal, async () => {
      if (plan.kernel?.args.includes(DIES_AT_BOOT)) {
        throw new Error(`The fake machine died at boot, as ${DIES_AT_BOOT} asks`);
      }
      await appendFile(plan.consoleLogPath, `fake machine ${plan.vmId} booted\n`);
      const launch = await beginLaunch(plan.confidential);
      signal.throwIfAborted();
      const box = this.#world.add(plan);
      if (launch) box.confidential = new FakeDoor(launch, box.guest);
      return box;
    });
  }

  async #start(
    plan: BootPlan,
    signal: AbortSignal,
    make: () => Promise<FakeBox>,
  ): Promise<Machine> {
    signal.throwIfAborted();
    if (this.#world.find(plan.vmId)) throw new Error("A machine already runs for this VM");
    await using undo = new AsyncDisposableStack();
    undo.defer(() => removeRunDir(plan));
    await mkdir(plan.runDir, { recursive: true });
    await pause(this.#config.bootLatencyMs, signal);
    const box = await make();
    undo.move();
    return this.#machineOf(box);
  }

  #machineOf(box: FakeBox): Machine {
    return new FakeMachine(this.#world, box, this.#config.bootLatencyMs);
  }

  async adopt(
    where: Whereabouts,
    _handle: string | undefined,
    signal: AbortSignal,
  ): Promise<Machine | undefined> {
    signal.throwIfAborted();
    const box = this.#world.find(where.vmId);
    if (box) return this.#machineOf(box);
    await removeRunDir(where);
    return undefined;
  }

  async sweep(
    runRoot: string,
    known: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const box of this.#world.living()) {
      const { vmId, runDir } = box.plan;
      if (known.has(vmId) || path.dirname(runDir) !== runRoot) continue;
      box.end({ kind: "crash", lastWords: KILLED });
      this.#world.forget(box);
      removed.push(`fake machine of VM ${vmId}`);
    }
    for (const name of await namesIn(runRoot)) {
      signal.throwIfAborted();
      if (known.has(name)) continue;
      await rm(path.join(runRoot, name), { recursive: true, force: true });
      removed.push(`run directory of VM ${name}`);
    }
    return removed;
  }
}

class FakeMachine implements Machine {
  readonly pid: number;
  readonly handle: string;
  readonly agentEndpoint: string;
  readonly logPaths: readonly string[];
  readonly pausedAtStart: boolean;
  readonly exited: Machine["exited"];
  readonly pausing: Pausing;
  readonly saving: Saving;
  readonly layering: Layering;
  readonly confidential?: ConfidentialDoor;
  readonly #world: FakeWorld;
  readonly #box: FakeBox;
  #over: Promise<void> | undefined;

  /** @param latencyMs how long it takes to save it, in `ms` */
  constructor(world: FakeWorld, box: FakeBox, latencyMs: number) {
    this.#world = world;
    this.#box = box;
    this.pid = box.pid;
    this.handle = JSON.stringify({ v: 1, pid: box.pid });
    this.agentEndpoint = `${FAKE_ENDPOINT}${box.plan.vmId}`;
    this.logPaths = [box.plan.consoleLogPath];
    this.pausedAtStart = box.guest.paused;
    this.exited = box.exited;
    this.pausing = {
      pause: async (signal) => {
        signal.throwIfAborted();
        box.guest.pause();
      },
      resume: async (signal) => {
        signal.throwIfAborted();
        box.guest.resume();
      },
    };
    this.saving = {
      maxSizeBytes: () => maxFakeState(box.plan),
      save: (directory, _lasting, signal) => saveFake(world, box, { directory, latencyMs }, signal),
    };
    if (box.confidential) this.confidential = box.confidential;
    this.layering = { addLayer: (disk, signal) => addFakeLayer(box, disk, signal) };
  }

  stalled(): string | undefined {
    return this.#box.guest.stalled;
  }

  abandon(): Promise<void> {
    this.#over ??= Promise.resolve();
    return this.#over;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#over ??= this.#end();
    return this.#over;
  }

  async #end(): Promise<void> {
    this.#box.end({ kind: "crash", lastWords: KILLED });
    this.#world.forget(this.#box);
    await removeRunDir(this.#box.plan);
  }
}

async function removeRunDir(plan: Whereabouts): Promise<void> {
  await rm(plan.runDir, { recursive: true, force: true });
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
