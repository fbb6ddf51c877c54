/** What a node says of its machine, as rows for people. What is not there is not shown. */

import { isObject } from "@alcove/sdk/errors.ts";

import { humanBytes } from "../units.ts";

export type Row = readonly [what: string, value: string];

/** the network counts so */
const KB = 1000;

export function usageRows(answer: unknown): readonly Row[] {
  const of = (...path: readonly string[]): unknown => at(answer, path);
  const loads = ["load1", "load5", "load15"].map((load) => of("cpu", "load_average", load));
  return present([
    ["CPUs", numberText(of("cpu", "count"))],
    ["load", loads.every(isNumber) ? loads.map((load) => load.toFixed(2)).join(" ") : ""],
    ["memory", shareText(of("mem", "available_kB"), of("mem", "total_kB"))],
    ["disk", shareText(of("disk", "available_kB"), of("disk", "total_kB"))],
    ["GPUs", countText(of("gpu", "available_devices"), of("gpu", "devices"))],
  ]);
}

export function capabilityRows(answer: unknown): readonly Row[] {
  const of = (...path: readonly string[]): unknown => at(answer, path);
  const features = of("cpu", "features");
  const size = of("memory", "size");
  return present([
    ["processor", textOf(of("cpu", "model"))],
    ["made by", textOf(of("cpu", "vendor"))],
    ["architecture", textOf(of("cpu", "architecture"))],
    ["CPUs", numberText(of("cpu", "count"))],
    ["confidential", Array.isArray(features) ? features.map(String).join(", ") || "no" : ""],
    ["memory", isNumber(size) ? humanBytes(size) : ""],
    ["of type", textOf(of("memory", "type"))],
  ]);
}

export function settingRows(config: unknown): readonly Row[] {
  const of = (...path: readonly string[]): unknown => at(config, path);
  const isSimulated = of("computing", "CONFIDENTIAL_COMPUTING_IS_SIMULATED") === true;
  const isConfidential = of("computing", "ENABLE_CONFIDENTIAL_COMPUTING") === true;
  const confidential = isSimulated ? "simulated: protects nothing" : yesNo(isConfidential);
  return present([
    ["name", textOf(of("DOMAIN_NAME"))],
    ["version", textOf(of("version"))],
    ["node hash", textOf(of("node_hash"))],
    ["API server", textOf(of("references", "API_SERVER"))],
    ["IPv6 of VMs", textOf(of("networking", "IPV6_ADDRESS_POOL"))],
    ["confidential", confidential],
    ["GPUs", yesNo(of("computing", "ENABLE_GPU_SUPPORT") === true)],
  ]);
}

/** @param checks by name: what was looked at, and whether it is well */
export function checkRows(checks: unknown): readonly Row[] {
  return Object.entries(Object(checks)).map(([name, value]) => {
    if (!isObject(value)) return [name, well(value)];
    const parts = Object.entries(value).map(([part, one]) => `${part} ${well(one)}`);
    return [name, parts.join(", ")];
  });
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, name) => (isObject(inner) ? inner[name] : undefined), value);
}

function present(rows: readonly Row[]): readonly Row[] {
  return rows.filter(([, value]) => value !== "");
}

/** @param available kB, as `total` */
function shareText(available: unknown, total: unknown): string {
  if (!isNumber(available) || !isNumber(total)) return "";
  return `${humanBytes(available * KB)} free of ${humanBytes(total * KB)}`;
}

function countText(available: unknown, all: unknown): string {
  if (!Array.isArray(available) || !Array.isArray(all) || all.length === 0) return "";
  return `${available.length} free of ${all.length}`;
}

function numberText(value: unknown): string {
  return isNumber(value) ? String(value) : "";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function well(value: unknown): string {
  return value === true ? "ok" : "no";
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}
