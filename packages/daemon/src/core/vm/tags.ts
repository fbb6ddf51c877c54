/**
 * Tags of VMs, and the one kind that means something: `name=<label>` is a VM's friendly name, unique
 * on the host and for good. Pure: whose tags they are is `vms.ts`'s.
 */

import { AlcoveError, invalidRequest } from "../errors.ts";
import type { HostGroup } from "../group/host-group.ts";
import { isDnsLabel } from "../ids.ts";
import type { VmRecord } from "./vm.ts";

const MAX_TAGS = 64;
const MAX_TAG_LENGTH = 256;
const NAME = "name=";

/** `remove` comes before `add`; a replacement leaves only the friendly name */
export type TagChange =
  | { readonly kind: "edit"; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly kind: "replace"; readonly tags: readonly string[] };

/** @returns what is wrong with a VM's tags, wherever they come from */
export function tagProblems(tags: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const names = tags.filter((tag) => tag.startsWith(NAME));
  if (tags.length > MAX_TAGS) problems.push(`at most ${MAX_TAGS}`);
  if (tags.some((tag) => tag === "" || tag.length > MAX_TAG_LENGTH)) {
    problems.push(`each must have 1 to ${MAX_TAG_LENGTH} characters`);
  }
  if (names.length > 1) problems.push(`only one may begin with ${NAME}`);
  if (names.some((tag) => !isDnsLabel(tag.slice(NAME.length)))) {
    problems.push(`${NAME} takes a DNS label: 1 to 63 of a-z, 0-9 and -, no - at the ends`);
  }
  return problems;
}

/**
 * @returns the tags after a change, each once
 * @throws AlcoveError `invalid_request`
 */
export function changedTags(before: readonly string[], change: TagChange): readonly string[] {
  const tags = change.kind === "replace" ? replaced(before, change.tags) : edited(before, change);
  const [problem] = tagProblems(tags);
  if (problem === undefined) return tags;
  throw invalidRequest("tags", problem);
}

/**
 * @param added tags that a VM is about to get
 * @throws AlcoveError `name_taken` when they hold a friendly name that another VM has, or could get as host name
 */
export function checkNameIsFree(
  added: readonly string[],
  others: readonly VmRecord[],
  groups: readonly HostGroup[],
): void {
  const tag = nameIn(added);
  if (tag === undefined) return;
  const name = tag.slice(NAME.length);
  const taken =
    others.some(({ hostname, spec }) => hostname === name || spec.tags.includes(tag)) ||
    groups.some((group) => isHostnameOf(group.name, name));
  if (!taken) return;
  const message = `The name "${name}" is another VM's, or kept for host names`;
  throw new AlcoveError("name_taken", message, { name });
}

/** @returns what follows `name=` */
export function friendlyName(tags: readonly string[]): string | undefined {
  return nameIn(tags)?.slice(NAME.length);
}

/** Tags that a copy may have, too: all but a friendly name. */
export function withoutName(tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => !tag.startsWith(NAME));
}

function replaced(before: readonly string[], tags: readonly string[]): readonly string[] {
  const name = nameIn(before);
  if (nameIn(tags) === undefined) return unique(name === undefined ? tags : [name, ...tags]);
  throw invalidRequest("replace", `a friendly name stays as it is: leave ${NAME} out`);
}

function edited(
  before: readonly string[],
  { add, remove }: Extract<TagChange, { kind: "edit" }>,
): readonly string[] {
  const name = nameIn(before);
  if (name !== undefined && remove.includes(name)) {
    throw invalidRequest("remove", `${name} is the VM's friendly name, which stays`);
  }
  return unique([...before.filter((tag) => !remove.includes(tag)), ...add]);
}

function nameIn(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith(NAME));
}

/** Whether a VM of this group could be called so. */
function isHostnameOf(group: string, name: string): boolean {
  return name.startsWith(`${group}-`) && /^\d+$/.test(name.slice(group.length + 1));
}

function unique(tags: readonly string[]): readonly string[] {
  return [...new Set(tags)];
}
