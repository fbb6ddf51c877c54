/** How long something took. */

/** @returns `ms` until `work` had succeeded */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Says where a bench is, on standard error: the results go to standard output. */
export function progress(what: string, round: number, rounds: number): void {
  const step = Math.ceil(rounds / 10);
  if (round % step === 0 || round === rounds) console.error(`   ${what}: ${round} of ${rounds}`);
}
