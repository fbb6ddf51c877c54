/** What became of the tests of one runner, and the sum of several as the last line of `npm test`. */

export interface Tally {
  readonly title: string;
  passed: number;
  /** one entry a failed test, or a reason why the runner itself counts as failed */
  readonly failures: string[];
  /** one entry a skipped test, with its reason */
  readonly skips: string[];
}

export function emptyTally(title: string): Tally {
  return { title, passed: 0, failures: [], skips: [] };
}

/** A runner that ran nothing proves nothing. */
export function mustHaveRun(tally: Tally): Tally {
  const ran = tally.passed + tally.failures.length + tally.skips.length;
  return ran > 0 ? tally : { ...tally, failures: ["no test ran"] };
}

/** Where nothing may be skipped, a skip is a failure. */
export function withoutSkips(tally: Tally): Tally {
  const failures = [...tally.failures, ...tally.skips.map((skip) => `skipped: ${skip}`)];
  return { ...tally, failures, skips: [] };
}

/** @returns "12 passed, 0 failed", with ", 3 skipped" only when there are skips */
export function summary(tallies: readonly Tally[]): string {
  const sum = (of: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + of(tally), 0);
  const skipped = sum(({ skips }) => skips.length);
  const verdict = `${sum(({ passed }) => passed)} passed, ${sum(({ failures }) => failures.length)} failed`;
  return skipped === 0 ? verdict : `${verdict}, ${skipped} skipped`;
}

/**
 * Reads cargo's own summaries: one "test result:" line a test binary, one line an ignored test.
 * A non-zero exit code with no failed test in sight (it did not compile) is one failure.
 */
export function cargoTally(title: string, output: string, code: number): Tally {
  const tally = emptyTally(title);
  for (const [, passed, failed] of output.matchAll(
    /^test result: \S+ (\d+) passed; (\d+) failed;/gm,
  )) {
    tally.passed += Number(passed);
    for (let one = 0; one < Number(failed); one += 1)
      tally.failures.push("a cargo test, see above");
  }
  for (const [, name, reason] of output.matchAll(/^test (.+) \.\.\. ignored(?:, (.+))?$/gm))
    tally.skips.push(`${name}: ${reason ?? "no reason given"}`);
  if (code !== 0 && tally.failures.length === 0) tally.failures.push(`cargo ended with ${code}`);
  return tally;
}
