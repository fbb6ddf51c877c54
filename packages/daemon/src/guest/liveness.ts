/**
 * Finds out that an agent is gone although its channel is open.
 *
 * Counts ticks rather than time: a daemon that was itself held up (a busy loop, a
 * suspended host) sees one late tick, and not a guest that was silent all along.
 */

/** ticks without a byte before a PING is sent */
const SILENT_TICKS = 2;
/** ticks without the PONG before the agent is given up */
const PATIENT_TICKS = 10;

const PING_BYTES = 8;

export interface LivenessDeps {
  /** length of a tick in `ms`; a session that is silent is asked after two, and lost after ten more */
  readonly tickMs: number;
  readonly ping: (payload: Uint8Array) => void;
  readonly lost: () => void;
  /** called at every tick */
  readonly tick: () => void;
}

export class Liveness implements Disposable {
  readonly #deps: LivenessDeps;
  readonly #timer: NodeJS.Timeout;
  #heard = false;
  #silentTicks = 0;
  #holds = 0;
  #pingsSent = 0n;
  #awaited: Buffer | undefined;
  #askedAt = 0;
  #latencyMs: number | undefined;

  constructor(deps: LivenessDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => this.#onTick(), deps.tickMs);
    this.#timer.unref();
  }

  /** how long the last answer to a PING took, in `ms`; `undefined` before the first */
  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  /** Bytes came. */
  heard(): void {
    this.#heard = true;
  }

  /** @returns whether this was the answer waited for */
  pong(payload: Uint8Array): boolean {
    if (this.#awaited === undefined || !this.#awaited.equals(payload)) return false;
    this.#awaited = undefined;
    this.#silentTicks = 0;
    this.#latencyMs = performance.now() - this.#askedAt;
    return true;
  }

  /** Until disposed, silence means nothing. */
  hold(): Disposable {
    this.#holds += 1;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#holds -= 1;
        held = false;
        this.#silentTicks = 0;
      },
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #onTick(): void {
    this.#deps.tick();
    if (this.#holds > 0) return;
    if (this.#awaited) {
      // Other bytes do not count: what an agent wrote before it died may still be coming.
      this.#silentTicks += 1;
      if (this.#silentTicks >= PATIENT_TICKS) this.#deps.lost();
      return;
    }
    this.#silentTicks = this.#heard ? 0 : this.#silentTicks + 1;
    this.#heard = false;
    if (this.#silentTicks >= SILENT_TICKS) this.#ping();
  }

  #ping(): void {
    this.#pingsSent += 1n;
    this.#silentTicks = 0;
    this.#awaited = Buffer.alloc(PING_BYTES);
    this.#awaited.writeBigUInt64LE(this.#pingsSent);
    this.#askedAt = performance.now();
    this.#deps.ping(this.#awaited);
  }
}
