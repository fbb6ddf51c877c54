/** Waiting with an end: the only places where the daemon sleeps. */

/** @returns whether the promise settled, either way, within `ms` */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects with the signal's own reason as soon as it aborts; the work itself is not stopped. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {}); // if we leave first, its failure is nobody's any more
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** what Node's timers hold: longer ones end at once */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @param signal ends the pause early, with its reason */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let left = ms;
  for (; left > MAX_TIMER_MS; left -= MAX_TIMER_MS) await pausePart(MAX_TIMER_MS, signal);
  await pausePart(left, signal);
}

async function pausePart(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await unlessAborted(promise, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Tries until it works; a failure is only thrown once the signal has aborted, as its reason's company. */
export async function retry<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  everyMs = 20,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch {
      // The next attempt or the signal decides; the caller's reason says what was waited for.
      await pause(everyMs, signal);
    }
  }
}

/** A deadline and the caller's own signal, whichever comes first. */
export function within(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
