/** How a VM began, in words and as a table of its steps. */

import type { VmDetails } from "@alcove/sdk/native-shapes.ts";

import { printableLine } from "./printable.ts";
import { table } from "./table.ts";
import { humanMilliseconds } from "./units.ts";

/** what the longest step's bar takes, in characters */
const BAR_WIDTH = 24;

/** Such as "web-3 is ready in 84 ms (from template 1a2b…)". */
export function howItBegan({ hostname, origin, start }: VmDetails): string {
  const because = ` (${printableLine(whenceOf(origin))})`;
  if (!start?.ready) return `${hostname} is on its way${because}`;
  return `${hostname} is ready in ${humanMilliseconds(start.total_ms)}${because}`;
}

/** Where its memory or its disk came from. */
export function whenceOf({ how, why, template, source, commit }: VmDetails["origin"]): string {
  if (how === "template") return `from template ${template}`;
  if (how === "fork") return `forked from ${source}`;
  if (how === "commit") return `booted from commit ${commit}`;
  return why === undefined ? "booted" : `booted: ${why}`;
}

/** Steps with a bar each, as long as the step took. */
export function stepsTable({ start }: VmDetails): string {
  const steps = start?.steps ?? [];
  const longest = Math.max(...steps.map(({ ms }) => ms), Number.MIN_VALUE);
  const rows = steps.map(({ name, ms }) => [name, milliseconds(ms), bar(ms / longest)]);
  const total = ["all", milliseconds(start?.total_ms ?? 0), start?.ready ? "" : "not ready yet"];
  const width = Math.max(...[...rows, total].map(([, ms = ""]) => ms.length));
  const aligned = [...rows, total].map(([name = "", ms = "", rest = ""]) => [
    name,
    ms.padStart(width),
    rest,
  ]);
  return table(["STEP", "MS".padStart(width), ""], aligned);
}

function milliseconds(ms: number): string {
  return ms.toFixed(1);
}

/** @param share of the longest, 0 to 1; a step that took any time at all has a sign of it */
function bar(share: number): string {
  return share <= 0 ? "" : "█".repeat(Math.max(1, Math.round(share * BAR_WIDTH)));
}
