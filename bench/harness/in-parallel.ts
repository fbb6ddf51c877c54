/** Doing something many times, a few at a time. */

/** Runs `work` for 0, 1, … `times - 1`, never more than `atOnce` together. @returns what each gave, in order */
export async function inParallel<T>(
  { times, atOnce }: { readonly times: number; readonly atOnce: number },
  work: (index: number) => Promise<T>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < times; index = next++) {
      signal.throwIfAborted();
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, times) }, worker));
  return results;
}
