/** Names of things, as branded strings: one parser each. */

import { randomBytes } from "node:crypto";

export type VmId = string & { readonly __brand: "VmId" };

const VM_ID = /^[0-9a-f]{12}$/;

/** Twelve hexadecimal digits: short enough for socket paths, never reused. */
export function newVmId(): VmId {
  return parseVmId(randomBytes(6).toString("hex"));
}

export function parseVmId(text: string): VmId {
  if (isVmId(text)) return text;
  throw new Error(`invariant: not a VM id: ${JSON.stringify(text)}`);
}

export function isVmId(text: string): text is VmId {
  return VM_ID.test(text);
}

export type LayerId = string & { readonly __brand: "LayerId" };

const LAYER_ID = /^[0-9a-f]{16}$/;

/** Sixteen hexadecimal digits: part of file names, never reused. */
export function newLayerId(): LayerId {
  return parseLayerId(randomBytes(8).toString("hex"));
}

export function parseLayerId(text: string): LayerId {
  if (isLayerId(text)) return text;
  throw new Error(`invariant: not a layer id: ${JSON.stringify(text)}`);
}

export function isLayerId(text: string): text is LayerId {
  return LAYER_ID.test(text);
}

export type CommitId = string & { readonly __brand: "CommitId" };

const COMMIT_ID = /^cmt-[0-9a-f]{12}$/;

/** Never reused; the prefix tells it from a host name. */
export function newCommitId(): CommitId {
  return parseCommitId(`cmt-${randomBytes(6).toString("hex")}`);
}

export function parseCommitId(text: string): CommitId {
  if (isCommitId(text)) return text;
  throw new Error(`invariant: not a commit id: ${JSON.stringify(text)}`);
}

function isCommitId(text: string): text is CommitId {
  return COMMIT_ID.test(text);
}

/** Names a state of a VM's memory: never one of an earlier suspension. */
export function newStateName(): string {
  return randomBytes(6).toString("hex");
}

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A DNS label: what a VM may be called by a friendly name. */
export function isDnsLabel(text: string): boolean {
  return DNS_LABEL.test(text);
}
