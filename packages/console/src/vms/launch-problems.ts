/** What the daemon has against a launch, beside the fields that it is about. */

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import type { HostGroup, LaunchForm } from "./launch-form.ts";

/** The request's words for what the dialog asks. */
const FIELDS = {
  cpus: "cpus",
  ram_bytes: "memory",
  disk_image: "image",
  tags: "tags",
  name: "tags",
  ssh_keys: "sshKeys",
  userdata: "userdata",
  secrets: "secrets",
  network: "network",
} as const;
export type LaunchField = (typeof FIELDS)[keyof typeof FIELDS];

export interface LaunchProblems {
  readonly byField: ReadonlyMap<LaunchField, string>;
  /** whether the fields say all that is to be said */
  readonly isComplete: boolean;
}

/** Bad requests name each field before what is wrong with it: `cpus: must be at least 1; tags: at most 64`. */
export function problemsIn(error: Error | null): LaunchProblems {
  const byField = new Map<LaunchField, string>();
  if (!(error instanceof AlcoveApiError)) return { byField, isComplete: error === null };
  if (error.code === "name_taken") {
    return { byField: byField.set("tags", sentence(error.message)), isComplete: true };
  }
  if (error.code !== "invalid_request") return { byField, isComplete: false };
  let isComplete = true;
  for (const part of error.message.split(/; (?=[a-z_]+(?:\.\w+)?: )/)) {
    const [, name = "", problem = ""] = /^([a-z_]+)(?:\.\w+)?: (.*)$/s.exec(part) ?? [];
    const field = Object.entries(FIELDS).find(([it]) => it === name)?.[1];
    if (field === undefined) isComplete = false;
    else byField.set(field, [byField.get(field), sentence(problem)].filter(Boolean).join(" "));
  }
  return { byField, isComplete };
}

const MIB = 2 ** 20;

/** What can be said of a form before it is sent; the daemon takes 0 for the group's own size. */
export function mistakesIn(
  { cpus, memoryMib }: Pick<LaunchForm, "cpus" | "memoryMib">,
  {
    vcpus,
    memoryMinBytes,
    memoryBytes,
  }: Pick<HostGroup["limits"], "vcpus" | "memoryMinBytes" | "memoryBytes">,
): LaunchProblems["byField"] {
  const mistakes = new Map<LaunchField, string>();
  const [least, most] = [memoryMinBytes / MIB, memoryBytes / MIB];
  if (cpus !== "" && !(Number.isInteger(Number(cpus)) && isWithin(Number(cpus), 1, vcpus)))
    mistakes.set("cpus", `A whole number from 1 to ${vcpus}.`);
  if (memoryMib !== "" && !isWithin(Number(memoryMib), least, most))
    mistakes.set("memory", `From ${least} to ${most} MiB.`);
  return mistakes;
}

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** What begins with a word of the request's keeps it as it is written there. */
function sentence(text: string): string {
  return /^\w+=/.test(text) ? `${text}.` : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
