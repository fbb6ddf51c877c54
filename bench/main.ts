/**
 * All benches, one after the other: `npm run bench`.
 *
 * The machine is described once, before the first: what they do themselves is no foreign load.
 */

import { benchBoot } from "./boot.ts";
import { benchExec } from "./exec.ts";
import { benchOrder, interrupted } from "./harness/command-line.ts";
import { machineFacts, warningFor } from "./harness/machine-facts.ts";

const order = benchOrder(process.argv.slice(2));
const signal = interrupted();
const facts = await machineFacts(signal);
const warning = warningFor(facts);
if (warning !== undefined) console.error(warning);
await benchBoot(order, facts, signal);
await benchExec(order, facts, signal);
