/**
 * What VMs say, kept in files: `<root>/<vm hash>/<segment>.log`.
 *
 * A watcher costs a file descriptor and a piece of a file in memory, however much it is behind.
 */

import { mkdir } from "node:fs/promises";
import path from "node:path";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { LogFile, LogLine, RunLogKeeper } from "#core/aleph/ports/run-logs.ts";
import type { Log } from "#core/ports/log.ts";
import { settlesWithin, unlessAborted } from "#lib/patience.ts";
import { Turnstile } from "#lib/turnstile.ts";

import { KeptLog } from "./run-log-kept.ts";
import { SegmentReader, segmentAfter } from "./run-log-reader.ts";
import { RunLogTail } from "./run-log-tail.ts";

/** time for a reboot, which makes a new machine, in `ms` */
export const REBOOT_GRACE_MS = 10_000;

const never = new AbortController().signal;

/** One VM's log, its writer while it runs, and those who wait for more. */
interface Kept {
  readonly log: KeptLog;
  readonly turns: Turnstile;
  tail: RunLogTail | undefined;
  news: PromiseWithResolvers<void>;
}

export interface RunLogsDeps {
  /** absolute; made when it is not there */
  readonly root: string;
  /** how long a watcher waits for a VM that has ended to get another machine, in `ms` */
  readonly rebootGraceMs: number;
  readonly log: Log;
}

export class FileRunLogs implements RunLogKeeper, AsyncDisposable {
  readonly #deps: RunLogsDeps;
  readonly #vms = new Map<ItemHash, Promise<Kept>>();

  static async open(deps: RunLogsDeps): Promise<FileRunLogs> {
    await mkdir(deps.root, { recursive: true, mode: 0o700 });
    return new FileRunLogs(deps);
  }

  private constructor(deps: RunLogsDeps) {
    this.#deps = deps;
  }

  attend(vmHash: ItemHash, files: readonly LogFile[]): void {
    this.#inTurn(vmHash, async (kept) => {
      if (kept.tail?.reads(files)) return;
      await kept.tail?.end("taken");
      const onAdded = () => tell(kept);
      kept.tail = new RunLogTail(files, { kept: kept.log, onAdded, log: this.#deps.log });
      tell(kept);
    });
  }

  ended(vmHash: ItemHash, reason: string | undefined): void {
    this.#inTurn(vmHash, async (kept) => {
      await kept.tail?.end("taken", reason);
      kept.tail = undefined;
      tell(kept);
    });
  }

  past(vmHash: ItemHash, signal: AbortSignal): AsyncIterable<LogLine> {
    return this.#lines(vmHash, async () => false, signal);
  }

  follow(vmHash: ItemHash, signal: AbortSignal): AsyncIterable<LogLine> {
    let wasLive = false;
    const isMoreToCome = async (kept: Kept) => {
      const news = () => unlessAborted(kept.news.promise, signal);
      if (kept.tail) {
        wasLive = true;
        await news();
        return true;
      }
      const comesBack = wasLive && (await settlesWithin(news(), this.#deps.rebootGraceMs));
      signal.throwIfAborted();
      return comesBack;
    };
    return this.#lines(vmHash, isMoreToCome, signal);
  }

  async remove(vmHash: ItemHash): Promise<void> {
    const kept = await this.#of(vmHash);
    using _turn = await kept.turns.enter(never);
    await kept.tail?.end("left");
    kept.tail = undefined;
    await kept.log.remove();
    tell(kept);
  }

  /** The next daemon goes on where this one stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of this.#vms.values()) {
      const kept = await opening;
      using _turn = await kept.turns.enter(never);
      await kept.tail?.end("left");
      kept.tail = undefined;
      await kept.log[Symbol.asyncDispose]();
      tell(kept);
    }
  }

  #of(vmHash: ItemHash): Promise<Kept> {
    const known = this.#vms.get(vmHash);
    if (known) return known;
    const opening = KeptLog.open(path.join(this.#deps.root, vmHash)).then((log): Kept => ({
      log,
      turns: new Turnstile(),
      tail: undefined,
      news: Promise.withResolvers(),
    }));
    this.#vms.set(vmHash, opening);
    opening.catch(() => this.#vms.delete(vmHash)); // whoever asked sees why; the next one tries again
    return opening;
  }

  /** When what was said of it before has been done. */
  async #settled(vmHash: ItemHash, signal: AbortSignal): Promise<Kept> {
    const kept = await this.#of(vmHash);
    using _turn = await kept.turns.enter(signal);
    return kept;
  }

  #inTurn(vmHash: ItemHash, work: (kept: Kept) => Promise<void>): void {
    const inTurn = async () => {
      const kept = await this.#of(vmHash);
      using _turn = await kept.turns.enter(never);
      await work(kept);
    };
    inTurn().catch((error: unknown) => this.#deps.log.error("run_log.broken", { vmHash, error }));
  }

  /** @param isMoreToCome waits for more when everything was read, or says that nothing will come */
  async *#lines(
    vmHash: ItemHash,
    isMoreToCome: (kept: Kept) => Promise<boolean>,
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const kept = await this.#settled(vmHash, signal);
    const reader = new SegmentReader(kept.log, signal);
    for (let segment = kept.log.oldest; ;) {
      if (segment === undefined) {
        if (!(await isMoreToCome(kept))) return;
        segment = kept.log.oldest;
        continue;
      }
      const isOver = yield* reader.read(segment, () => isMoreToCome(kept));
      if (isOver) return;
      segment = segmentAfter(kept.log, segment);
    }
  }
}

function tell(kept: Kept): void {
  const { news } = kept;
  kept.news = Promise.withResolvers();
  news.resolve();
}
