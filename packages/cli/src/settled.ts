/** Waiting for a promise no longer than a signal allows, without taking its failure away. */

/** @returns `settled` when the promise did either way, `aborted` when the signal came first */
export async function settled(
  promise: Promise<unknown>,
  signal: AbortSignal,
): Promise<"settled" | "aborted"> {
  if (signal.aborted) return "aborted";
  const { promise: outcome, resolve } = Promise.withResolvers<"settled" | "aborted">();
  const onAbort = (): void => resolve("aborted");
  signal.addEventListener("abort", onAbort, { once: true });
  promise.then(
    () => resolve("settled"),
    () => resolve("settled"),
  );
  const result = await outcome;
  signal.removeEventListener("abort", onAbort);
  return result;
}
