/** What the launch dialog asks, and what it means as a request. */

import type { CamelKeys, Group, VmRequest } from "@alcove/sdk/browser/index.ts";

import { wordsIn } from "../ui/words-in.ts";

export type HostGroup = CamelKeys<Group>;

export interface LaunchForm {
  /** empty: the group's, as the three that follow */
  readonly image: string;
  readonly cpus: string;
  readonly memoryMib: string;
  readonly userdata: string;
  readonly persistent: boolean;
  readonly tags: string;
  /** names; `all`: whatever there is when it boots */
  readonly secrets: "all" | readonly string[];
  /** one a line */
  readonly sshKeys: string;
  /** of isolated networks: separated by spaces or lines; `undefined` is the group's */
  readonly allow: string | undefined;
  readonly drop: string | undefined;
}

export const EMPTY_FORM: LaunchForm = {
  image: "",
  cpus: "",
  memoryMib: "",
  userdata: "",
  persistent: false,
  tags: "",
  secrets: "all",
  sshKeys: "",
  allow: undefined,
  drop: undefined,
};

const MIB = 2 ** 20;

export function requestOf(form: LaunchForm, { network }: Pick<HostGroup, "network">): VmRequest {
  const { image, cpus, memoryMib, userdata, persistent, tags, secrets, sshKeys } = form;
  const keys = linesIn(sshKeys);
  return {
    persistent,
    ...(image === "" ? {} : { diskImage: image }),
    ...(cpus === "" ? {} : { cpus: Number(cpus) }),
    ...(memoryMib === "" ? {} : { ramBytes: Math.round(Number(memoryMib) * MIB) }),
    ...(userdata.trim() === "" ? {} : { userdata }),
    ...(wordsIn(tags).length === 0 ? {} : { tags: wordsIn(tags) }),
    ...(secrets === "all" ? {} : { secrets }),
    ...(keys.length === 0 ? {} : { sshKeys: keys }),
    ...(network === "isolated" ? networkOf(form) : {}),
  };
}

function networkOf({ allow, drop }: LaunchForm): Pick<VmRequest, "network"> {
  if (allow === undefined && drop === undefined) return {};
  const lists = {
    ...(allow === undefined ? {} : { allow: wordsIn(allow) }),
    ...(drop === undefined ? {} : { drop: wordsIn(drop) }),
  };
  return { network: lists };
}

function linesIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
