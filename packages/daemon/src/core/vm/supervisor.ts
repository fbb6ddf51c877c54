/**
 * One VM, from creation to deletion.
 *
 * The supervisor and its parts are the only ones to write the VM's life (`life.ts`).
 * Commands take turns; the machine's own report (its process ended) is applied when it comes.
 */

import { unlessAborted } from "#lib/patience.ts";
import { Turnstile } from "#lib/turnstile.ts";

import { type CopyOrder, type LiveCopy, takeCopy } from "../fork/live-copy.ts";
import type { Measurement, RunStatus, SealedSecret } from "../aleph/ports/confidential-backend.ts";
import { AlcoveError } from "../errors.ts";
import type { LayerId } from "../ids.ts";
import type { BootPlan, ConfidentialDoor } from "../ports/machine.ts";
import type { Log } from "../ports/log.ts";
import type { Declaration } from "../ports/vm-store.ts";
import type { StartTrace } from "../trace/start-trace.ts";
import type { VmPowers } from "./actions.ts";
import { adopt, type Adoption } from "./adoption.ts";
import { comesToLife, firstMachine } from "./first-machine.ts";
import type { GuestContact } from "./guest-contact.ts";
import { VmLife } from "./life.ts";
import { hasEnded, hasMachine, type VmPhase } from "./lifecycle.ts";
import type { AheadMachine } from "./made-ahead.ts";
import { Occupancy } from "./occupancy.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import { Suspension, type SuspendOrder } from "./suspension.ts";
import type { VmRecord } from "./vm.ts";

export class VmSupervisor {
  readonly #deps: SupervisorDeps;
  readonly #log: Log;
  readonly #turns = new Turnstile();
  readonly #life: VmLife;
  readonly #occupancy: Occupancy;
  readonly #suspension: Suspension;

  constructor(record: VmRecord, deps: SupervisorDeps) {
    const { store, clock, announce, touched, memory, starts } = deps;
    this.#deps = deps;
    const log = deps.log.with({ vmId: record.id, hostname: record.hostname });
    const life = new VmLife(record, { store, clock, log, announce, touched });
    const occupancy = new Occupancy(life, deps, log);
    this.#log = log;
    this.#life = life;
    this.#occupancy = occupancy;
    this.#suspension = new Suspension({ life, occupancy, memory, starts, log });
  }

  /** as it is stored; while it stands still, that is its reason */
  get record(): VmRecord {
    const { record } = this.#life;
    const { stalled } = this;
    return stalled === undefined
      ? record
      : { ...record, state: { ...record.state, reason: stalled } };
  }

  get phase(): VmPhase {
    return this.#life.phase;
  }

  /** the agent's contact, while there is a machine */
  get contact(): GuestContact | undefined {
    return this.#occupancy.running?.contact;
  }

  /** its hypervisor's process, while there is one */
  get pid(): number | undefined {
    return this.#occupancy.running?.machine.pid;
  }

  /** what its driver can do with it now, as a power of the machine is an object that is there */
  get powers(): VmPowers {
    const { pausing, saving, layering } = this.#occupancy.running?.machine ?? {};
    return { pausing, saving, layering, states: this.#deps.hypervisor.states };
  }

  /** how its last start went; `undefined` when there was none under this daemon */
  get lastStart(): StartTrace | undefined {
    return this.#deps.starts.last;
  }

  /** files that its machine lets grow */
  get logPaths(): readonly string[] {
    return this.#occupancy.running?.machine.logPaths ?? [];
  }

  /** why it stands still though nobody paused it, for people */
  get stalled(): string | undefined {
    return this.#occupancy.running?.machine.stalled();
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
    const isNew = this.phase === "created";
    this.#life.apply("start");
    await this.#begin(isNew ? "new" : "again", signal);
  }

  /** The same for a new VM that is on record with its machine, which was made ahead and stands still. */
  async startWith(ahead: AheadMachine, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const { starts } = this.#deps;
    const { machine } = ahead;
    if (!(await comesToLife(machine, this.#log)))
      return await this.#begin("new, disk used", signal);
    starts.begin();
    starts.tookMachine("pool", undefined);
    const running = this.#occupancy.run(machine, "copied", ahead);
    running.contact.setHeld("live");
    await this.#occupancy.putOnRecord(running);
    starts.took("running");
  }

  async #begin(state: "new" | "new, disk used" | "again", signal: AbortSignal): Promise<void> {
    const isNew = state !== "again";
    const parts = { life: this.#life, deps: this.#deps, log: this.#log, isNew };
    const make = async (plan: BootPlan, till: AbortSignal) => {
      const { record } = this.#life;
      if (state === "new, disk used") await this.#deps.emptyDisk(record, record.layer, till);
      return firstMachine(plan, parts, till);
    };
    const { machine, start } = await this.#occupancy.make("did not boot", make, signal);
    const { starts } = this.#deps;
    starts.tookMachine(isNew ? this.#life.record.origin.how : "boot", machine.madeIn);
    const running = this.#occupancy.run(machine, start);
    if (machine.pausedAtStart && !machine.confidential) {
      await running.resume();
      starts.took("resume");
    }
    await this.#occupancy.putOnRecord(running);
    starts.took("running");
  }

  /** Takes over what an earlier daemon left; whatever it finds, the phase is true afterwards. */
  async adopt(signal: AbortSignal): Promise<Adoption> {
    using _turn = await this.#turns.enter(signal);
    const parts = { life: this.#life, occupancy: this.#occupancy, suspension: this.#suspension };
    return await adopt(parts, { ...this.#deps, log: this.#log }, signal);
  }

  /** Once begun, it runs to the end: a caller who leaves must not leave a machine that is not in its phase. */
  async pause(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (this.phase === "paused") return;
    this.#life.check("pause");
    await this.#occupancy.mustRun().pause();
    this.#life.apply("pause");
  }

  /** Once begun, it runs to the end, as a pause does. One that is stalled tries to go on. */
  async resume(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (this.phase === "running") {
      if (this.stalled !== undefined) await this.#occupancy.mustRun().resume();
      return;
    }
    this.#life.check("resume");
    const running = this.#occupancy.mustRun();
    await running.resume();
    this.#life.apply("resume");
    void running.contact.tellAgain(); // its clock stood still
  }

  /**
   * Keeps the memory on the disk and ends the machine. Once begun, it runs to the end; when it fails,
   * the VM goes on as it was.
   */
  async suspend(order: SuspendOrder, signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    await this.#suspension.suspend(order);
  }

  /**
   * Gives a suspended VM a machine with the memory it had; one that was paused runs then, too.
   * @param signal cancels the wait for a turn, and the restore itself; the VM is suspended then as before
   */
  async restore(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    await this.#suspension.restore(signal);
  }

  /**
   * Makes the disk of a VM that has ended the ground of others; nobody starts it meanwhile. Once begun, it runs to
   * the end.
   * @param work stores on which layer the VM's disk stands from then on, and returns it with what it has made
   * @throws AlcoveError `wrong_phase`
   */
  async commit<Made extends { readonly layer: LayerId }>(
    work: (record: VmRecord) => Promise<Made>,
    signal: AbortSignal,
  ): Promise<Made> {
    using _turn = await this.#turns.enter(signal);
    if (!hasEnded(this.phase)) this.#life.refuse("commit");
    const made = await work(this.#life.record);
    this.#life.standsOn(made.layer);
    return made;
  }

  /**
   * Keeps memory and disk of a machine that goes on, for others to begin with. Once begun, it runs to the end; when it
   * fails, the VM goes on as it was.
   * @throws AlcoveError `wrong_phase`, `guest_unreachable`, `guest_refused`, `no_capacity`, `unsupported`
   */
  async copy(order: CopyOrder, signal: AbortSignal): Promise<LiveCopy> {
    using _turn = await this.#turns.enter(signal);
    const { memory } = this.#deps;
    const parts = { life: this.#life, occupancy: this.#occupancy, memory, log: this.#log };
    return await takeCopy(parts, order, signal);
  }

  /** Ends a suspension for good: the VM is stopped, as if its power had been cut. Harmless in other phases. */
  async giveUpMemory(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    await this.#suspension.giveUp();
  }

  /** Asks the guest to power off, and kills it if it will not. Once begun, it runs to the end. */
  async stop(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const { running } = this.#occupancy;
    if (!running) return;
    const listens = this.phase === "running" && !running.contact.isHeld;
    this.#life.apply("stop", { reason: "Shut down on request" });
    const { powerOffGraceMs } = this.#deps;
    const patience = listens ? running.powersOff(powerOffGraceMs) : Promise.resolve();
    await unlessAborted(patience, this.#occupancy.hurried).catch(() => {}); // killed: no more patience
    await running.end();
  }

  /** What the memory of a confidential machine was when it was made. @throws AlcoveError `unsupported` */
  async measure(signal: AbortSignal): Promise<Measurement> {
    return await this.#confidential().measure(signal);
  }

  /** Lets a secret into a confidential machine, which runs from then on. @throws as `ConfidentialDoor` does */
  async inject(sealed: SealedSecret, signal: AbortSignal): Promise<RunStatus> {
    using _turn = await this.#turns.enter(signal);
    const status = await this.#confidential().inject(sealed, signal);
    this.#occupancy.running?.contact.setHeld("live");
    return status;
  }

  /** Asks the guest to restart itself; the machine stays. */
  async reboot(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    if (this.phase !== "running") this.#life.refuse("reboot");
    await this.#occupancy.mustRun().contact.reboot(signal);
  }

  /** Ends the machine at once, also in the middle of a boot or of a stop. Harmless when there is none. */
  async kill(reason: string, signal: AbortSignal): Promise<void> {
    this.#occupancy.hurry(reason);
    using _turn = await this.#turns.enter(signal);
    const { running } = this.#occupancy;
    if (!running) {
      // Its end could not be stored when it came, for want of room on the disk.
      if (hasMachine(this.phase)) this.#life.apply("lost", { reason });
      return;
    }
    this.#life.apply("kill", { reason });
    await running.end();
  }

  /** Marks the VM as deleted; its machine must have ended. Its files are the caller's to remove. */
  async delete(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    this.#life.apply("delete");
  }

  /** Resolves when the commands given before have ended. */
  async settled(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
  }

  #confidential(): ConfidentialDoor {
    const door = this.#occupancy.running?.machine.confidential;
    if (door) return door;
    const message = `${this.record.hostname} has no confidential machine now`;
    throw new AlcoveError("unsupported", message, { feature: "confidential" });
  }

  /** The daemon goes, the machine stays: the next daemon adopts it. What is under way ends first. */
  async abandon(signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    await this.#occupancy.abandon();
  }
}
