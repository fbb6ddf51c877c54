/**
 * What an allocation would change: it is the whole desired state, so what it leaves out is stopped, unless the node
 * spares it because its owner had it started. Pure.
 */

import { isObject } from "@alcove/sdk/errors.ts";

import type { ExecutionRow, Executions } from "./executions.ts";

export interface Spared {
  readonly hash: string;
  readonly why: string;
}

export interface AllocationPlan {
  /** wanted, and not running now */
  readonly starts: readonly string[];
  /** wanted, and running */
  readonly keeps: readonly string[];
  readonly stops: readonly string[];
  /** neither wanted nor stopped */
  readonly spared: readonly Spared[];
}

/** @param rows the records of what is there now; one that has none counts as the scheduler's */
export function allocationPlan(
  wanted: readonly string[],
  executions: Executions,
  rows: readonly ExecutionRow[],
): AllocationPlan {
  const byHash = new Map(rows.map((row) => [row.vm_hash, row] as const));
  const isRunning = (hash: string): boolean => executions.get(hash)?.running === true;
  const others = [...executions.keys()].filter((hash) => !wanted.includes(hash));
  const judged = others.map((hash) => ({ hash, why: sparedBecause(byHash.get(hash)) }));
  return {
    starts: wanted.filter((hash) => !isRunning(hash)),
    keeps: wanted.filter(isRunning),
    stops: judged.filter(({ why }) => why === undefined).map(({ hash }) => hash),
    spared: judged.flatMap(({ hash, why }) => (why === undefined ? [] : [{ hash, why }])),
  };
}

function sparedBecause(row: ExecutionRow | undefined): string | undefined {
  if (!row) return undefined;
  if (row.persistent === false) return "it is a program that ends by itself";
  const content = parsed(row.message);
  const payment = Object(content["payment"]);
  const type = isObject(payment) ? payment["type"] : undefined;
  if (type === "superfluid") return "its owner pays for it by stream";
  if (type === "credit") return "its owner pays for it with credits";
  if (Object.keys(parsed(row.gpus)).length > 0) return "it has a GPU";
  const environment = Object(content["environment"]);
  const trusted = isObject(environment) ? environment["trusted_execution"] : undefined;
  return isObject(trusted) ? "it is confidential" : undefined;
}

/** of a text that holds JSON; nothing for one that does not */
function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}
