/** Work that goes on when its caller has left, until the daemon does: every promise of it has an owner. */

import { pause, unlessAborted } from "#lib/patience.ts";

import type { Log } from "../../ports/log.ts";

export class Background implements AsyncDisposable {
  readonly #log: Log;
  readonly #life = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** aborts when the daemon ends */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Begins work and waits for it as long as the caller stays. What fails after that is logged. */
  async own<T>(work: (life: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const done = work(this.life);
    this.#track(
      done.catch((error: unknown) => {
        if (signal.aborted) this.#report("aleph.left_work_failed", error);
      }),
    );
    return unlessAborted(done, signal);
  }

  /** Begins work that nobody waits for. @param event is logged when it fails */
  begin(event: string, work: (life: AbortSignal) => Promise<unknown>): void {
    void this.done(event, work);
  }

  /** The same, for whoever wants to know when it is over. Never rejects. */
  async done(event: string, work: (life: AbortSignal) => Promise<unknown>): Promise<void> {
    const done = work(this.life).catch((error: unknown) => this.#report(event, error));
    this.#track(done);
    await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new Error("the daemon ends"));
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  #track(done: Promise<unknown>): void {
    const tracked = done.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  /** What is given up because the daemon ends is no trouble. */
  #report(event: string, error: unknown): void {
    if (!this.life.aborted) this.#log.warn(event, { error });
  }
}

/** One wait for each of many, at most. */
export class Waits<Key> implements Disposable {
  readonly #background: Background;
  readonly #waiting = new Map<Key, AbortController>();

  constructor(background: Background) {
    this.#background = background;
  }

  has(key: Key): boolean {
    return this.#waiting.has(key);
  }

  /** Replaces the wait for `key`. @param then may be called at once when `ms` is 0 or below */
  set(key: Key, ms: number, then: (life: AbortSignal) => Promise<unknown>): void {
    this.clear(key);
    const cancelled = new AbortController();
    this.#waiting.set(key, cancelled);
    this.#background.begin("aleph.wait_failed", async (life) => {
      try {
        await pause(Math.max(ms, 0), AbortSignal.any([life, cancelled.signal]));
      } catch (reason) {
        if (cancelled.signal.aborted || life.aborted) return;
        throw reason;
      }
      this.#waiting.delete(key);
      await then(life);
    });
  }

  clear(key: Key): void {
    this.#waiting.get(key)?.abort(new Error("not awaited any more"));
    this.#waiting.delete(key);
  }

  [Symbol.dispose](): void {
    for (const key of this.#waiting.keys()) this.clear(key);
  }
}
