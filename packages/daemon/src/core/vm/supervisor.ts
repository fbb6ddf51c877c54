/**
 * One VM, from creation to deletion.
 *
 * The supervisor owns the machine and its agent's contact, and is the only one to
 * write the VM's life (`life.ts`). Commands take turns; the machine's own report (its
 * process ended) is applied whenever it comes.
 */

import { settlesWithin, unlessAborted } from "#lib/patience.ts";
import { Turnstile } from "#lib/turnstile.ts";

import { AlcoveError } from "../errors.ts";
import type { Exit, Machine, Pausing } from "../ports/hypervisor.ts";
import type { Log } from "../ports/log.ts";
import type { Declaration } from "../ports/vm-store.ts";
import { type ContactStart, GuestContact } from "./guest-contact.ts";
import { VmLife } from "./life.ts";
import { hasMachine, type VmPhase } from "./lifecycle.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import type { VmRecord } from "./vm.ts";

/** A booted machine, its agent, and the moment its end has been recorded. */
interface Running {
  readonly machine: Machine;
  readonly contact: GuestContact;
  readonly ended: Promise<void>;
}

const never = new AbortController().signal;

export class VmSupervisor {
  readonly #deps: SupervisorDeps;
  readonly #log: Log;
  readonly #turns = new Turnstile();
  readonly #life: VmLife;
  #running: Running | undefined;
  /** aborted by a kill: calls off a boot, and the grace of a stop */
  #hurry = new AbortController();

  constructor(record: VmRecord, deps: SupervisorDeps) {
    const { store, clock, announce } = deps;
    this.#deps = deps;
    this.#log = deps.log.with({ vmId: record.id, hostname: record.hostname });
    const tell = () => announce(this);
    this.#life = new VmLife(record, { store, clock, log: this.#log, announce: tell });
  }

  get record(): VmRecord {
    return this.#life.record;
  }

  get phase(): VmPhase {
    return this.#life.phase;
  }

  /** the agent's contact, while there is a machine */
  get contact(): GuestContact | undefined {
    return this.#running?.contact;
  }

  /** files that its machine lets grow */
  get logPaths(): readonly string[] {
    return this.#running?.machine.logPaths ?? [];
  }

  setTags(tags: readonly string[]): void {
    this.#life.setTags(tags);
  }

  /** Its next machine is made so; one that runs stays as it is. */
  redeclare(declaration: Declaration): void {
    this.#life.redeclare(declaration);
  }

  /** @param signal cancels the wait for a turn, and the boot itself */
  async start(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    this.#life.apply("start");
    this.#hurry = new AbortController();
    const machine = await this.#booted(AbortSignal.any([signal, this.#hurry.signal]));
    const running = this.#run(machine, "fresh");
    try {
      this.#life.apply("booted", { machine: machine.handle });
    } catch (error) {
      await this.#end(running); // a machine that is not on record would be nobody's
      throw error;
    }
  }

  /** Takes over what an earlier daemon left; whatever it finds, the phase is true afterwards. */
  async adopt(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const { phase, machine: handle } = this.record.state;
    if (!hasMachine(phase)) return;
    const machine = await this.#found(handle, signal);
    if (!machine) return;
    const running = this.#run(machine, phase === "starting" ? "fresh" : "known");
    this.#matchMachine(machine);
    this.#log.info("vm.adopted", { pid: machine.pid, phase: this.phase });
    if (this.phase === "stopping") await this.#end(running);
  }

  /** Once begun, it runs to the end: a caller who leaves must not leave a machine that is not in its phase. */
  async pause(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (this.phase === "paused") return;
    this.#life.check("pause");
    await this.#pausing("pause").pause(never);
    this.contact?.setHeld("held");
    this.#life.apply("pause");
  }

  /** Once begun, it runs to the end, as a pause does. */
  async resume(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (this.phase === "running") return;
    this.#life.check("resume");
    await this.#pausing("resume").resume(never);
    this.contact?.setHeld("live");
    this.#life.apply("resume");
  }

  /** Asks the guest to power off, and kills it if it will not. Once begun, it runs to the end. */
  async stop(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const running = this.#running;
    if (!running) return;
    const listens = this.phase === "running";
    this.#life.apply("stop", { reason: "Shut down on request" });
    const patience = listens ? this.#powersOff(running) : Promise.resolve();
    await unlessAborted(patience, this.#hurry.signal).catch(() => {}); // killed: no more patience
    await this.#end(running);
  }

  /** Asks the guest to restart itself; the machine stays. */
  async reboot(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (this.phase !== "running") this.#life.refuse("reboot");
    await this.#mustRun().contact.reboot(signal);
  }

  /** Ends the machine at once, also in the middle of a boot or of a stop. Harmless when there is none. */
  async kill(reason: string, signal: AbortSignal): Promise<void> {
    this.#hurry.abort(
      new AlcoveError("hypervisor_failed", reason, { hypervisor: this.#deps.hypervisor.name }),
    );
    using _turn = await this.#turns.enter(signal);
    const running = this.#running;
    if (!running) return;
    this.#life.apply("kill", { reason });
    await this.#end(running);
  }

  /** Marks the VM as deleted; its machine must have ended. Its files are the caller's to remove. */
  async delete(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    this.#life.apply("delete");
  }

  /** The daemon goes, the machine stays: the next daemon adopts it. What is under way ends first. */
  async abandon(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const running = this.#running;
    this.#running = undefined;
    await running?.contact[Symbol.asyncDispose]();
    await running?.machine.abandon();
  }

  /** @returns the machine of an earlier daemon; without it the VM has failed, and what may be left is not ours any more */
  async #found(handle: string | undefined, signal: AbortSignal): Promise<Machine | undefined> {
    const { hypervisor, whereabouts } = this.#deps;
    let reason = "The VM's process was gone when the daemon started";
    try {
      const machine = await hypervisor.adopt(whereabouts(this.record), handle, signal);
      if (machine) return machine;
    } catch (error) {
      signal.throwIfAborted();
      this.#log.error("vm.adopt_failed", { error });
      reason = `The daemon started and could not take the VM over: ${reasonOf(error)}`;
    }
    this.#life.apply("lost", { reason });
    return undefined;
  }

  /** @returns the machine; on failure nothing of it is left and the VM has failed */
  async #booted(signal: AbortSignal): Promise<Machine> {
    const { hypervisor, planFor } = this.#deps;
    try {
      return await hypervisor.boot(await planFor(this.record, signal), signal);
    } catch (cause) {
      await this.#release();
      this.#life.apply("crashed", { reason: reasonOf(cause) });
      signal.throwIfAborted(); // whoever called it off gets his own reason back
      const message = `The VM did not boot: ${reasonOf(cause)}`;
      throw new AlcoveError(
        "hypervisor_failed",
        message,
        { hypervisor: hypervisor.name },
        { cause },
      );
    }
  }

  #run(machine: Machine, start: ContactStart): Running {
    const { dialer, configurationFor, prepareGuest } = this.#deps;
    const contact = new GuestContact(machine.agentEndpoint, start, {
      dialer,
      configuration: () => configurationFor(this.record),
      prepare: (link, signal) => prepareGuest(this.record, link, signal),
      log: this.#log,
    });
    const ended = machine.exited.then((exit) => this.#onExit(machine, exit));
    this.#running = { machine, contact, ended };
    return this.#running;
  }

  /** What the machine does is true; what was stored may be a moment older. */
  #matchMachine(machine: Machine): void {
    const stored = { machine: machine.handle };
    if (this.phase === "starting") this.#life.apply("booted", stored);
    if (machine.pausedAtStart) this.contact?.setHeld("held");
    if (machine.pausedAtStart && this.phase === "running") this.#life.apply("pause", stored);
    if (!machine.pausedAtStart && this.phase === "paused") this.#life.apply("resume", stored);
  }

  /** Resolves when the machine has ended by itself, or had its time to; never rejects. */
  async #powersOff({ machine, contact }: Running): Promise<void> {
    if ((await contact.powerOff()) === "not asked") return;
    await settlesWithin(machine.exited, this.#deps.powerOffGraceMs);
  }

  async #end({ machine, ended }: Running): Promise<void> {
    await machine[Symbol.asyncDispose]();
    await ended;
  }

  async #onExit(machine: Machine, exit: Exit): Promise<void> {
    const running = this.#running;
    if (running?.machine !== machine) return; // abandoned
    await running.contact[Symbol.asyncDispose]();
    await this.#putAway(machine);
    await this.#release();
    if (this.#running !== running) return; // abandoned meanwhile: the next daemon finds it gone
    this.#running = undefined;
    if (exit.kind === "clean") {
      this.#life.apply("exited", { reason: this.record.state.reason ?? "The guest powered off" });
      return;
    }
    const asked = this.phase === "stopping";
    if (!asked) this.#log.warn("vm.crashed", { lastWords: exit.lastWords });
    this.#life.apply("crashed", { reason: asked ? this.record.state.reason : exit.lastWords });
  }

  /** Whatever is left of a machine, its end is recorded; the next daemon's sweep removes the rest. */
  async #putAway(machine: Machine): Promise<void> {
    try {
      await machine[Symbol.asyncDispose]();
    } catch (error) {
      this.#log.error("vm.cleanup_failed", { error });
    }
  }

  /** What cannot be taken back now, the next daemon's sweep removes. */
  async #release(): Promise<void> {
    try {
      await this.#deps.release(this.record);
    } catch (error) {
      this.#log.error("vm.release_failed", { error });
    }
  }

  #pausing(feature: string): Pausing {
    const { pausing } = this.#mustRun().machine;
    if (pausing) return pausing;
    const message = `The ${this.#deps.hypervisor.name} hypervisor cannot ${feature} a VM`;
    throw new AlcoveError("unsupported", message, { feature });
  }

  #mustRun(): Running {
    if (this.#running) return this.#running;
    throw new Error(`invariant: the VM is ${this.phase} but has no machine`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
