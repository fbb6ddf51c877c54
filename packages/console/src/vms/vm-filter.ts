/** Which VMs a list shows and in which order: a value that is the page's address. */

import type { VmAccount } from "../live/vm-account.ts";

export const SORTS = ["name", "group", "phase", "address", "size", "image", "age"] as const;
export type Sort = (typeof SORTS)[number];

export interface VmFilter {
  /** every word must be in a name, an address, an image or a tag */
  readonly text: string;
  /** empty: any, as the two that follow */
  readonly group: string;
  readonly phase: string;
  readonly tag: string;
  readonly sort: Sort;
  readonly order: "up" | "down";
}

export const NO_FILTER: VmFilter = {
  text: "",
  group: "",
  phase: "",
  tag: "",
  sort: "name",
  order: "up",
};

export function filterIn(query: URLSearchParams): VmFilter {
  const text = (name: string): string => query.get(name) ?? "";
  return {
    text: text("q"),
    group: text("group"),
    phase: text("phase"),
    tag: text("tag"),
    sort: SORTS.find((it) => it === query.get("sort")) ?? NO_FILTER.sort,
    order: query.get("order") === "down" ? "down" : "up",
  };
}

/** What is as it is without a filter is left out. */
export function queryOf({ text, ...rest }: VmFilter): URLSearchParams {
  const query = new URLSearchParams(text === "" ? {} : { q: text });
  for (const name of ["group", "phase", "tag", "sort", "order"] as const) {
    if (rest[name] !== NO_FILTER[name]) query.set(name, rest[name]);
  }
  return query;
}

/** Whether it leaves anything out. */
export function isNarrow({ text, group, phase, tag }: VmFilter): boolean {
  return [text.trim(), group, phase, tag].some((it) => it !== "");
}

/** Those that pass, in their order. */
export function chosen(vms: readonly VmAccount[], filter: VmFilter): readonly VmAccount[] {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const passing = vms.filter((vm) => passes(vm, filter) && words.every((word) => says(vm, word)));
  const compare = ORDER[filter.sort];
  const sign = filter.order === "up" ? 1 : -1;
  return passing.toSorted((a, b) => sign * (compare(a, b) || byText(a.hostname, b.hostname)));
}

function passes(vm: VmAccount, { group, phase, tag }: VmFilter): boolean {
  if (group !== "" && vm.group !== group) return false;
  if (phase !== "" && vm.phase !== phase) return false;
  return tag === "" || vm.tags.includes(tag);
}

function says(vm: VmAccount, word: string): boolean {
  const { hostname, ip = "", image, tags } = vm;
  return [hostname, ip, image, ...tags].some((text) => text.toLowerCase().includes(word));
}

/** `sbox-2` comes before `sbox-10`. */
const byText = new Intl.Collator("en", { numeric: true }).compare;

const ORDER: Record<Sort, (a: VmAccount, b: VmAccount) => number> = {
  name: (a, b) => byText(a.hostname, b.hostname),
  group: (a, b) => byText(a.group, b.group),
  phase: (a, b) => byText(a.phase, b.phase),
  address: (a, b) => byText(a.ip ?? "", b.ip ?? ""),
  size: (a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus,
  image: (a, b) => byText(a.image, b.image),
  // the youngest first
  age: (a, b) => byText(b.createdAt, a.createdAt),
};

/** What VMs have of something, each once, in order. */
export function valuesOf(
  vms: readonly VmAccount[],
  of: (vm: VmAccount) => readonly string[],
): readonly string[] {
  return [...new Set(vms.flatMap(of))].toSorted(byText);
}
