/**
 * All benches, one after the other: `npm run bench`.
 *
 * The machine is described once, before the first: what they do themselves is no foreign load.
 */

import { benchBoot } from "./boot.ts";
import { benchExec } from "./exec.ts";
import { runAsProgram } from "./harness/command-line.ts";

await runAsProgram(async (order, facts, signal) => {
  await benchBoot(order, facts, signal);
  await benchExec(order, facts, signal);
});
