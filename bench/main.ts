/**
 * All benches, one after the other: `npm run bench`.
 *
 * The machine is described once, before the first: what they do themselves is no foreign load.
 */

import { benchBoot } from "./boot.ts";
import { benchConsole } from "./console.ts";
import { benchDensity } from "./density.ts";
import { benchExec } from "./exec.ts";
import { benchFork } from "./fork.ts";
import { runAsProgram } from "./harness/command-line.ts";
import { benchList } from "./list.ts";
import { benchRestart } from "./restart.ts";
import { benchSuspend } from "./suspend.ts";
import { benchThroughput } from "./throughput.ts";

await runAsProgram(async (order, facts, signal) => {
  await benchBoot(order, facts, signal);
  await benchFork(order, facts, signal);
  await benchSuspend(order, facts, signal);
  await benchThroughput(order, facts, signal);
  await benchDensity(order, facts, signal);
  await benchList(order, facts, signal);
  await benchConsole(order, facts, signal);
  await benchRestart(order, facts, signal);
  await benchExec(order, facts, signal);
});
