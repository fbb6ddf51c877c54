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
