/** Following what changes in a guest, with ends: so many changes, so long; and signs of life in between. */

import { settlesWithin } from "#lib/patience.ts";

import type { GuestChange, GuestWatch } from "../ports/guest-watch.ts";
import type { VmSupervisor } from "../vm/supervisor.ts";
import { agentOf } from "./guest-work.ts";

/** A watch says at least this often that it is still there, in `ms`. */
const QUIET_MS = 15_000;

export interface WatchOrder {
  readonly watch: GuestWatch;
  /** ends after so many; those that only say that changes were lost do not count */
  readonly maxChanges: number | undefined;
  /** ends after this time, in `ms` */
  readonly timeoutMs: number | undefined;
}

/** `quiet`: nothing changed for a while. */
export type WatchSign = GuestChange | "quiet";

/**
 * Resolves when everything is watched: what changes after that is told.
 * @param signal ends the watch, also while its signs are read
 * @param quietMs default 15 s, shorter in tests
 */
export async function startWatch(
  vm: VmSupervisor,
  order: WatchOrder,
  signal: AbortSignal,
  quietMs = QUIET_MS,
): Promise<AsyncIterable<WatchSign>> {
  const agent = await agentOf(vm, signal);
  const left = new AbortController();
  const changes = await agent.watch(order.watch, AbortSignal.any([signal, left.signal]));
  return signsOf(changes, { ...order, quietMs }, left);
}

interface Ends {
  readonly maxChanges: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly quietMs: number;
}

async function* signsOf(
  changes: AsyncIterable<GuestChange>,
  { maxChanges = Infinity, timeoutMs = Infinity, quietMs }: Ends,
  left: AbortController,
): AsyncGenerator<WatchSign> {
  const until = performance.now() + timeoutMs;
  const source = changes[Symbol.asyncIterator]();
  let told = 0;
  let next = source.next();
  try {
    for (;;) {
      const restMs = until - performance.now();
      if (restMs <= 0) return;
      const isThere = await settlesWithin(next, Math.min(restMs, quietMs));
      if (!isThere && restMs <= quietMs) return;
      if (!isThere) {
        yield "quiet";
        continue;
      }
      const { value, done } = await next;
      if (done) return;
      yield value;
      if (value.type !== "overflow") told += 1;
      if (told >= maxChanges) return;
      next = source.next();
    }
  } finally {
    next.catch(() => {}); // asked for, and never looked at when the time was up first
    left.abort(new Error("nobody watches any more"));
  }
}
