/** The flags that the benches share, and the signal that ends them. */

import { parseArgs } from "node:util";

export interface BenchOrder {
  /** boots of each kernel, each way */
  readonly boots: number;
  /** round trips each way */
  readonly execs: number;
  /** copies of each size, each way and direction */
  readonly copies: number;
  readonly keep: "keep" | "print-only";
}

const USAGE = `Options:
  --boots N      boots of each kernel, each way (20)
  --execs N      commands, each way (100)
  --copies N     copies of each size, each way and direction (5)
  --print-only   keep neither the JSON nor the table in docs/performance.md`;

/** @throws with the usage when the flags make no sense */
export function benchOrder(args: readonly string[]): BenchOrder {
  const { values } = parseArgs({
    args: [...args],
    options: {
      boots: { type: "string", default: "20" },
      execs: { type: "string", default: "100" },
      copies: { type: "string", default: "5" },
      "print-only": { type: "boolean", default: false },
    },
  });
  return {
    boots: count(values.boots),
    execs: count(values.execs),
    copies: count(values.copies),
    keep: values["print-only"] ? "print-only" : "keep",
  };
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`"${text}" is not a number of runs.\n${USAGE}`);
}

/** Aborts at Ctrl-C, so that everything that was started is ended in order; a second one ends at once. */
export function interrupted(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
}
