/**
 * The making of images in the background: one after the other, each of which can be called off.
 *
 * Owns what is under way and what became of the last ones. How an image is made is the builder's.
 */

import { randomBytes } from "node:crypto";

import { AlcoveError, type ErrorCode } from "../errors.ts";
import type { HostEvents } from "../events/host-events.ts";
import type { Clock } from "../ports/clock.ts";
import type { ImageBuilder, MadeImage, MakingOrder } from "../ports/image-builder.ts";
import type { Log } from "../ports/log.ts";
import type { BuildProgress } from "./progress.ts";

export interface ImageWorksDeps {
  readonly builder: ImageBuilder;
  readonly events: Pick<HostEvents, "announce">;
  readonly clock: Clock;
  readonly log: Log;
}

/** How it ended. `code` is `internal` where only the log says what went wrong. */
export type WorkEnd =
  | { readonly state: "done"; readonly made: MadeImage }
  | {
      readonly state: "failed";
      readonly code: ErrorCode | "internal";
      readonly message: string;
    }
  | { readonly state: "cancelled" };

export interface ImageWork {
  readonly id: string;
  readonly order: MakingOrder;
  readonly askedAt: Date;
  /** `undefined` while it waits for its turn */
  readonly begunAt: Date | undefined;
  /** the newest */
  readonly progress: BuildProgress | undefined;
  readonly end: (WorkEnd & { readonly at: Date }) | undefined;
}

type Entry = {
  -readonly [Key in keyof ImageWork]: ImageWork[Key];
} & { readonly cancelling: AbortController };

/** how many may wait for their turns, or be under way */
const MAX_OPEN = 8;

/** how many that have ended are remembered */
const MAX_ENDED = 20;

/** longest detail that is kept of a tool's output, in characters */
const MAX_DETAIL_CHARS = 200;

/** how often a new detail is announced at most, in `ms`: tools write thousands of lines */
const ANNOUNCE_EVERY_MS = 500;

export class ImageWorks implements AsyncDisposable {
  readonly #deps: ImageWorksDeps;
  /** oldest first */
  readonly #entries = new Map<string, Entry>();
  #last: Promise<void> = Promise.resolve();
  #announcedAt = 0;

  constructor(deps: ImageWorksDeps) {
    this.#deps = deps;
  }

  /** under way and waiting in the order of their turns, then those that ended, newest first */
  list(): readonly ImageWork[] {
    const all = [...this.#entries.values()];
    const ended = all.filter(({ end }) => end !== undefined);
    return [...all.filter(({ end }) => end === undefined), ...ended.toReversed()];
  }

  /**
   * Begins it as soon as those before it have ended; the same build asked for twice is one.
   * @throws AlcoveError `image_store_busy` when too many wait, and as `ImageBuilder.check` says
   */
  async begin(order: MakingOrder): Promise<ImageWork> {
    await this.#deps.builder.check(order);
    const open = this.list().filter(({ end }) => end === undefined);
    const same = open.find((work) => serves(work.order, order));
    if (same) return same;
    if (open.length >= MAX_OPEN) {
      const holder = `${open.length} works`;
      const message = `The image store is kept busy by ${holder}: wait until one has ended, or cancel one`;
      throw new AlcoveError("image_store_busy", message, { holder });
    }
    return this.#enqueue(order);
  }

  /**
   * Calls one off, which ends soon after; forgets one that has ended.
   * @returns as it is now
   * @throws AlcoveError `image_work_not_found`
   */
  cancel(id: string): ImageWork {
    const entry = this.#entries.get(id);
    if (!entry) {
      const message = `There is no work "${id}" on images: it ended long ago, or never was`;
      throw new AlcoveError("image_work_not_found", message, { work: id });
    }
    if (entry.end) this.#entries.delete(id);
    else this.#callOff(entry);
    this.#deps.events.announce({ what: "images" });
    return entry;
  }

  /** Calls off all; resolves when nothing of them runs any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const entry of this.#entries.values()) if (!entry.end) this.#callOff(entry);
    await this.#last;
  }

  #enqueue(order: MakingOrder): ImageWork {
    const entry: Entry = {
      id: randomBytes(6).toString("hex"),
      order,
      askedAt: this.#deps.clock.now(),
      begunAt: undefined,
      progress: undefined,
      end: undefined,
      cancelling: new AbortController(),
    };
    this.#entries.set(entry.id, entry);
    this.#last = this.#last.then(() => this.#work(entry));
    this.#deps.events.announce({ what: "images", name: order.name });
    return entry;
  }

  #callOff(entry: Entry): void {
    entry.cancelling.abort(new Error("it was cancelled"));
    if (!entry.begunAt) this.#ended(entry, { state: "cancelled" });
  }

  /** Never rejects: what went wrong is in the entry, and in the log. */
  async #work(entry: Entry): Promise<void> {
    if (entry.end) return; // called off while it waited
    const { builder, clock, events, log } = this.#deps;
    const { order } = entry;
    entry.begunAt = clock.now();
    events.announce({ what: "images", name: order.name });
    const { signal } = entry.cancelling;
    const report = (progress: BuildProgress) => this.#report(entry, progress);
    try {
      const made = await builder.make(order, report, signal);
      log.info(`image.${order.what}`, { image: order.name, id: made.manifest.id });
      this.#ended(entry, { state: "done", made });
    } catch (error) {
      if (!signal.aborted) log.warn(`image.${order.what}_failed`, { image: order.name, error });
      this.#ended(entry, signal.aborted ? { state: "cancelled" } : failureOf(error));
    }
  }

  #report(entry: Entry, { step, detail, fraction }: BuildProgress): void {
    const isNewStep = entry.progress?.step !== step;
    entry.progress = {
      step,
      ...(detail === undefined ? {} : { detail: detail.slice(0, MAX_DETAIL_CHARS) }),
      ...(fraction === undefined ? {} : { fraction }),
    };
    const now = performance.now();
    if (!isNewStep && now - this.#announcedAt < ANNOUNCE_EVERY_MS) return;
    this.#announcedAt = now;
    this.#deps.events.announce({ what: "images", name: entry.order.name });
  }

  #ended(entry: Entry, end: WorkEnd): void {
    entry.end = { ...end, at: this.#deps.clock.now() };
    // What ended last is remembered longest, whenever it was asked for.
    this.#entries.delete(entry.id);
    this.#entries.set(entry.id, entry);
    const ended = [...this.#entries.values()].filter((it) => it.end !== undefined);
    for (const { id } of ended.slice(0, -MAX_ENDED)) this.#entries.delete(id);
    this.#deps.events.announce({ what: "images", name: entry.order.name });
  }
}

/** Whether who wants `other` has it with `one`: no import is another, and what is made afresh is more than what may be kept. */
function serves(one: MakingOrder, other: MakingOrder): boolean {
  if (one.what !== "build" || other.what !== "build" || one.name !== other.name) return false;
  return one.freshness === "fresh" || other.freshness === "cached";
}

function failureOf(error: unknown): WorkEnd {
  if (error instanceof AlcoveError)
    return { state: "failed", code: error.code, message: error.message };
  const message = "It failed for a reason that only the daemon's log knows";
  return { state: "failed", code: "internal", message };
}
