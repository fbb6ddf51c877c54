/**
 * One execution of a message, from the moment it is let in: the only writer of its record.
 *
 * It says what is stored and what follows from that and its machine; what is done about it is `Steps`'.
 */

import type { Clock } from "../../ports/clock.ts";
import type { ItemHash } from "../item-hash.ts";
import type { ExecutableContent } from "../message/content.ts";
import type { ExecutionStore } from "../ports/execution-store.ts";
import type { ConfidentialLaunch, MachineRoom } from "../ports/machine-room.ts";
import type {
  ConfidentialState,
  ExecutionRecord,
  ExecutionTask,
  ExecutionTimes,
} from "./record.ts";
import { type ExecutionView, hasProcessors, viewOf } from "./view.ts";

export interface ExecutionDeps {
  readonly room: Pick<MachineRoom, "phaseOf">;
  readonly store: ExecutionStore;
  readonly clock: Clock;
  readonly announce: (vmHash: ItemHash) => void;
}

export type StopTask = Extract<ExecutionTask, { what: "stop" }>;
export type Ending = Omit<StopTask, "what">;

/** What of a record can change, and of its times those that are named. */
export interface RecordChange extends Partial<
  Pick<ExecutionRecord, "task" | "ports" | "persistent" | "expiresAt" | "ended">
> {
  readonly times?: Partial<ExecutionTimes>;
  /** ignored for a VM that is not confidential */
  readonly confidential?: Partial<ConfidentialState>;
}

export class Execution {
  readonly content: ExecutableContent;
  readonly #deps: ExecutionDeps;
  #record: ExecutionRecord;

  /** @param record as it is stored */
  constructor(record: ExecutionRecord, content: ExecutableContent, deps: ExecutionDeps) {
    this.#record = record;
    this.content = content;
    this.#deps = deps;
  }

  get record(): ExecutionRecord {
    return this.#record;
  }

  get vmHash(): ItemHash {
    return this.#record.vmHash;
  }

  /** whether it counts: it runs, or is to run */
  get isIn(): boolean {
    return this.#record.ended === undefined;
  }

  /** a program that runs for as long as it is called */
  get isOnDemand(): boolean {
    return this.content.kind === "program" && !this.#record.persistent;
  }

  /** whether there is a machine that runs, or stands still with all it has */
  get hasMachine(): boolean {
    return hasProcessors(this.#deps.room.phaseOf(this.vmHash));
  }

  /** whether all is done that this node can do for it */
  get isUp(): boolean {
    const { times, task, ended } = this.#record;
    if (ended !== undefined || task !== undefined || times.started === undefined) return false;
    return this.hasMachine || this.awaitsSession;
  }

  /** whether its machine has ended by itself and in good order: the guest has powered off */
  get hasPoweredOff(): boolean {
    const { times, task, ended } = this.#record;
    if (ended !== undefined || task !== undefined || times.started === undefined) return false;
    return !this.awaitsSession && this.#deps.room.phaseOf(this.vmHash)?.phase === "stopped";
  }

  get awaitsSession(): boolean {
    return this.isIn && this.#record.confidential?.step === "awaiting session";
  }

  view(): ExecutionView {
    return viewOf(this.#record, this.content, this.#deps.room.phaseOf(this.vmHash));
  }

  /** what its owner brought to start it */
  get launch(): ConfidentialLaunch | undefined {
    return this.#record.confidential?.launch;
  }

  /** Somebody wants it kept running: it does not expire any more. */
  keep(): void {
    if (this.#record.persistent && this.#record.expiresAt === undefined) return;
    this.note({ persistent: true, expiresAt: undefined });
  }

  expireAt(at: Date): void {
    this.note({ persistent: false, expiresAt: at });
  }

  /** The secret is in. */
  released(): void {
    this.note({ confidential: { step: "released" } });
  }

  /** The session that was sent made no machine: another one may be sent. */
  forgetLaunch(): void {
    const started = this.#deps.clock.now();
    this.note({
      confidential: { step: "awaiting session", launch: undefined },
      times: { started },
    });
  }

  /** It has ended, and all that had to be done for that is done. */
  end({ end, ports }: StopTask): void {
    const now = this.#deps.clock.now();
    const { times, ended } = this.#record;
    const stopped = ended === undefined ? now : (times.stopped ?? now);
    this.note({
      ended: end,
      task: undefined,
      expiresAt: undefined,
      times: { stopping: times.stopping ?? now, stopped },
      ...(ports === "release" ? { ports: [] } : {}),
      ...(end === "erased" ? { confidential: { launch: undefined } } : {}),
    });
  }

  /** Changes the record: stored before it is announced. Whoever calls this has the VM's turn. */
  note({ times, confidential, ...change }: RecordChange): void {
    const before = this.#record;
    const changed = {
      ...before,
      ...change,
      times: { ...before.times, ...times },
      confidential: before.confidential && { ...before.confidential, ...confidential },
    };
    this.#deps.store.save(changed); // what could not be stored has not happened
    this.#record = changed;
    this.#deps.announce(this.vmHash);
  }
}
