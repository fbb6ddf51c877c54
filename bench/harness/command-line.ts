/** What the benches share as programs: their flags, and an end in order at Ctrl-C. */

import { parseArgs } from "node:util";

import { type MachineFacts, machineFacts, warningFor } from "./machine-facts.ts";

/** Counts of runs; 0 leaves that part out. */
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
  A count of 0 leaves that part out.
  --print-only   keep neither the JSON nor the table in docs/performance.md`;

/** @throws with the usage when the flags make no sense */
function benchOrder(args: readonly string[]): BenchOrder {
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
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`"${text}" is not a number of runs.\n${USAGE}`);
}

/** A bench, given what was ordered and the machine as it was before anything was started. */
export type Bench = (order: BenchOrder, facts: MachineFacts, signal: AbortSignal) => Promise<void>;

/** Runs a bench as this process's work. Ctrl-C ends in order what was started; a second one ends at once. */
export async function runAsProgram(bench: Bench): Promise<void> {
  const order = benchOrder(process.argv.slice(2));
  const signal = interrupted();
  try {
    const facts = await machineFacts(signal);
    const warning = warningFor(facts);
    if (warning !== undefined) console.error(warning);
    await bench(order, facts, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    console.error("Stopped; nothing of this bench is kept.");
    process.exitCode = EXIT_INTERRUPTED;
  }
}

/** as shells have it: 128 and the number of SIGINT */
const EXIT_INTERRUPTED = 130;

function interrupted(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED);
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
}
