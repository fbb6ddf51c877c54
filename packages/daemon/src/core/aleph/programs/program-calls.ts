/**
 * Calls of VMs over HTTP: whoever is called is started first if need be, once for all who wait; a program that nobody
 * has called for a while is stopped.
 */

import { unlessAborted } from "#lib/patience.ts";

import type { Log } from "../../ports/log.ts";
import { Background, Waits } from "../execution/background.ts";
import type { Executions } from "../execution/executions.ts";
import type { ItemHash } from "../item-hash.ts";
import type { StoredMessage } from "../message/content.ts";
import type { MessageSource } from "../ports/message-source.ts";
import type { ProgramRoom } from "../ports/program-room.ts";
import { Refusal } from "../refusal.ts";
import { inTheirWords, isOnDemand, isUp, type ProgramCall } from "./program-call.ts";

export interface ProgramCallsDeps {
  readonly executions: Pick<Executions, "find" | "list" | "call" | "wake" | "stop">;
  readonly room: Pick<ProgramRoom, "connect">;
  readonly messages: Pick<MessageSource, "message">;
  /** how long a program is kept after its last call, in `ms` */
  readonly reuseMs: number;
  readonly log: Log;
}

/** of an instance */
const HTTP_PORT = 80;

/** the longest wait that a timer of the platform can hold, in `ms` */
const MAX_WAIT_MS = 2 ** 31 - 1;

interface Visits {
  calls: number;
  isBroken: boolean;
  starting: Promise<void> | undefined;
  ending: Promise<void> | undefined;
}

export class ProgramCalls implements AsyncDisposable {
  readonly #deps: ProgramCallsDeps;
  readonly #background: Background;
  readonly #idle: Waits<ItemHash>;
  readonly #visits = new Map<ItemHash, Visits>();

  /** What an earlier daemon left running is kept as if it had been called now. */
  constructor(deps: ProgramCallsDeps) {
    this.#deps = deps;
    this.#background = new Background(deps.log);
    this.#idle = new Waits(this.#background);
    for (const view of deps.executions.list()) {
      if (isOnDemand(view)) this.#awaitCalls(view.record.vmHash);
    }
  }

  /**
   * Begins a call: resolves when the VM runs, and what is called in it.
   * @param signal gives up the call; a start that is under way goes on
   * @throws Refusal, StartError, AlcoveError in the network's words
   */
  async begin(vmHash: ItemHash, signal: AbortSignal): Promise<ProgramCall> {
    const visits = this.#enter(vmHash);
    const over = once(() => this.#leave(vmHash, visits));
    try {
      const isNew = await this.#mustRun(vmHash, visits, signal);
      return this.#callOf(vmHash, visits, { isNew, over });
    } catch (error) {
      over();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle[Symbol.dispose]();
    await this.#background[Symbol.asyncDispose]();
  }

  #callOf(
    vmHash: ItemHash,
    visits: Visits,
    { isNew, over }: { readonly isNew: boolean; readonly over: () => void },
  ): ProgramCall {
    const view = this.#deps.executions.find(vmHash);
    if (!view?.running) throw new Refusal("unavailable", "The instance awaits its owner's session");
    const { content, record } = view;
    const { room } = this.#deps;
    return {
      vmHash,
      isNew,
      program:
        content.kind === "program"
          ? { codeRef: content.code.file.ref, seconds: content.resources.seconds }
          : undefined,
      reach: async (signal) =>
        content.kind === "program"
          ? { kind: "inside", connection: await room.connect(vmHash, signal) }
          : { kind: "address", host: record.network.ipv4.guest, port: HTTP_PORT },
      giveUp: () => {
        visits.isBroken = content.kind === "program";
      },
      [Symbol.dispose]: over,
    };
  }

  /** @returns whether it had to be started */
  async #mustRun(vmHash: ItemHash, visits: Visits, signal: AbortSignal): Promise<boolean> {
    if (visits.ending) await unlessAborted(visits.ending, signal);
    if (isUp(this.#deps.executions.find(vmHash))) return false;
    visits.starting ??= this.#start(vmHash).finally(() => (visits.starting = undefined));
    visits.starting.catch(() => {}); // also when nobody waits any more
    await unlessAborted(visits.starting, signal);
    return true;
  }

  async #start(vmHash: ItemHash): Promise<void> {
    const { executions, log } = this.#deps;
    const { life } = this.#background;
    const { type } = await this.#message(vmHash, life);
    try {
      if (type === "PROGRAM") return await executions.call(vmHash, life);
      if (type === "INSTANCE" && executions.find(vmHash))
        return await executions.wake(vmHash, life);
    } catch (error) {
      log.warn("aleph.call_not_started", { vmHash, error });
      throw inTheirWords(error);
    }
    throw new Refusal("not found", `No virtual machine with ref ${vmHash}`);
  }

  async #message(vmHash: ItemHash, signal: AbortSignal): Promise<StoredMessage> {
    const { messages, log } = this.#deps;
    let message: StoredMessage | undefined;
    try {
      message = await messages.message(vmHash, signal);
    } catch (cause) {
      log.warn("aleph.message_unknown", { vmHash, error: cause });
      throw new Refusal("failed", `500: Error downloading ${vmHash}`, { cause });
    }
    if (message) return message;
    throw new Refusal("failed", `500: Item hash ${vmHash} not found`);
  }

  #enter(vmHash: ItemHash): Visits {
    const known = this.#visits.get(vmHash);
    const none = { calls: 0, isBroken: false, starting: undefined, ending: undefined };
    const visits = known ?? none;
    this.#visits.set(vmHash, visits);
    this.#idle.clear(vmHash);
    visits.calls += 1;
    return visits;
  }

  #leave(vmHash: ItemHash, visits: Visits): void {
    visits.calls -= 1;
    if (visits.calls > 0 || visits.ending) return;
    this.#visits.delete(vmHash);
    const view = this.#deps.executions.find(vmHash);
    if (visits.isBroken) this.#background.begin("aleph.not_stopped", () => this.#end(vmHash));
    else if (visits.starting || (view && isOnDemand(view))) this.#awaitCalls(vmHash);
  }

  #awaitCalls(vmHash: ItemHash): void {
    const ms = Math.min(this.#deps.reuseMs, MAX_WAIT_MS);
    this.#idle.set(vmHash, ms, () => this.#end(vmHash));
  }

  /** Stops a program that nobody uses. Who calls it meanwhile waits, and has it started again. */
  async #end(vmHash: ItemHash): Promise<void> {
    const { executions } = this.#deps;
    const view = executions.find(vmHash);
    const isUsed = (this.#visits.get(vmHash)?.calls ?? 0) > 0;
    if (isUsed || !view || !isOnDemand(view)) return;
    const visits: Visits = { calls: 0, isBroken: false, starting: undefined, ending: undefined };
    this.#visits.set(vmHash, visits);
    const stopped = executions.stop(vmHash, this.#background.life);
    visits.ending = stopped.then(ignore, ignore); // whoever waits finds out how it is
    try {
      await stopped;
    } finally {
      visits.ending = undefined;
      if (visits.calls === 0 && this.#visits.get(vmHash) === visits) this.#visits.delete(vmHash);
    }
  }
}

function ignore(): void {}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
