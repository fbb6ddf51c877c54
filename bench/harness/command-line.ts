/** What the benches share as programs: their flags, and an end in order at Ctrl-C. */

import { parseArgs } from "node:util";

import { type MachineFacts, machineFacts, warningFor } from "./machine-facts.ts";

/** What can be counted: its default, and what it counts. 0 leaves that part out. */
const COUNTS = {
  boots: [10, "boots of each kernel, each way"],
  execs: [100, "commands, each way"],
  copies: [3, "copies of each size, each way and direction"],
  forks: [20, "VMs made, each way, beside cold boots"],
  suspends: [5, "times that each guest goes to the disk and comes back, each way"],
  creates: [24, "VMs made for the throughput of creates, each way"],
  density: [
    100,
    "VMs at most that are started until the host is full; cold boots: a quarter of that",
  ],
  lists: [300, "times that the VMs are listed"],
  visits: [10, "visits of the console beside a thousand VMs"],
  restarts: [5, "starts of a daemon with 20 running VMs"],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

type Counted = keyof typeof COUNTS;

/** memory of the host that density leaves alone, in MiB */
const FLOOR_MIB = 4_096;

/** Counts of runs; 0 leaves that part out. */
export interface BenchOrder extends Readonly<Record<Counted, number>> {
  /** the host is full when less than this is available */
  readonly floorMiB: number;
  readonly keep: "keep" | "print-only";
}

const USAGE = [
  "Options:",
  ...Object.entries(COUNTS).map(([name, [byDefault, what]]) => line(`${name} N`, what, byDefault)),
  line("floor-mib N", "memory of the host, in MiB, at which density calls it full", FLOOR_MIB),
  "  A count of 0 leaves that part out.",
  line("print-only", "keep neither the JSON nor the table in docs/performance.md"),
].join("\n");

function line(flag: string, what: string, byDefault?: number): string {
  return `  --${flag.padEnd(14)} ${what}${byDefault === undefined ? "" : ` (${byDefault})`}`;
}

/** @throws with the usage when the flags make no sense */
function benchOrder(args: readonly string[]): BenchOrder {
  const values = valuesOf(args);
  const given = (name: Counted): number => count(values[name], COUNTS[name][0]);
  return {
    boots: given("boots"),
    execs: given("execs"),
    copies: given("copies"),
    forks: given("forks"),
    suspends: given("suspends"),
    creates: given("creates"),
    density: given("density"),
    lists: given("lists"),
    visits: given("visits"),
    restarts: given("restarts"),
    floorMiB: count(values["floor-mib"], FLOOR_MIB),
    keep: values["print-only"] === true ? "print-only" : "keep",
  };
}

function valuesOf(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const numbers = [...Object.keys(COUNTS), "floor-mib"];
  const options = Object.fromEntries(numbers.map((name) => [name, { type: "string" }] as const));
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, "print-only": { type: "boolean" } },
    }).values;
  } catch (error) {
    throw new WrongOrder(error instanceof Error ? error.message : String(error));
  }
}

function count(text: string | boolean | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new WrongOrder(`"${text}" is not a whole number from 0 on.`);
}

/** the flags make no sense: whoever gave them needs to know which there are, and no stack */
class WrongOrder extends Error {}

/** A bench, given what was ordered and the machine as it was before anything was started. */
export type Bench = (order: BenchOrder, facts: MachineFacts, signal: AbortSignal) => Promise<void>;

/** Runs a bench as this process's work. Ctrl-C ends in order what was started; a second one ends at once. */
export async function runAsProgram(bench: Bench): Promise<void> {
  const signal = interrupted();
  try {
    const order = benchOrder(process.argv.slice(2));
    const facts = await machineFacts(signal);
    const warning = warningFor(facts);
    if (warning !== undefined) console.error(warning);
    await bench(order, facts, signal);
  } catch (error) {
    if (error instanceof WrongOrder) {
      console.error(`${error.message}\n${USAGE}`);
      process.exitCode = EXIT_WRONG_ORDER;
      return;
    }
    if (!signal.aborted) throw error;
    console.error("Stopped; nothing of this bench is kept.");
    process.exitCode = EXIT_INTERRUPTED;
  }
}

const EXIT_WRONG_ORDER = 2;

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
