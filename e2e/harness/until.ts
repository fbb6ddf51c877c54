/** Waiting for a condition that nothing announces: looked at again and again, up to a deadline. */

import { setTimeout as delay } from "node:timers/promises";

const LOOK_AGAIN_MS = 25;
/** generous: two test files share two busy cores */
export const PATIENCE_MS = 60_000;

/** @returns the first value that is neither `undefined` nor `false`; rejects after `timeoutMs`, naming `what` */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(LOOK_AGAIN_MS);
  }
}

/** Rejects, naming `what`, when `work` takes longer than `timeoutMs`. */
export async function inTime<T>(
  what: string,
  work: Promise<T>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const over = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`not within ${timeoutMs} ms: ${what}`);
  });
  late.catch(() => {}); // called off because the work was done
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/** this many looks in a row without a change mean that nothing moves any more */
const STILL_LOOKS = 40;
/** what a process may grow by for its own pulse, in bytes */
const PULSE_BYTES = 512 * 1024;

/** @returns the most that the value was, once it has stopped growing */
export function untilStill(value: () => number): Promise<number> {
  const last = { value: 0, looks: 0 };
  return until("nothing moves any more", () => {
    const now = value();
    last.looks = now > last.value + PULSE_BYTES ? 0 : last.looks + 1;
    last.value = Math.max(last.value, now);
    return last.looks >= STILL_LOOKS && last.value;
  });
}
