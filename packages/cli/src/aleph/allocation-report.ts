/** What came of an allocation or a start, and why what did not start did not. */

import { isObject } from "@alcove/sdk/errors.ts";

import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { type NodeAnswer, type NodeClient, jsonIn } from "./node-client.ts";
import { refusalFrom } from "./refusals.ts";

export interface AllocationReport {
  /** wanted, and running; empty where the node only says that it worked */
  readonly successful: readonly string[];
  readonly failing: readonly string[];
  readonly stopped: readonly string[];
  /** by hash, a Python exception as text */
  readonly errors: ReadonlyMap<string, string>;
}

/** @throws CommandError for a refusal that has the status of a report */
export function reportFrom(answer: NodeAnswer, path: string, node: NodeClient): AllocationReport {
  const value = jsonIn(answer, path);
  if (!isObject(value) || !Array.isArray(value["failing"]))
    throw refusalFrom({ ...answer, server: "aleph-vm/" }, node);
  const errors = Object.entries(Object(value["errors"]));
  return {
    successful: textsIn(value["successful"]),
    failing: textsIn(value["failing"]),
    stopped: textsIn(value["stopped"]),
    errors: new Map(errors.map(([hash, error]) => [hash, printableLine(String(error))])),
  };
}

/** @returns `undefined` when everything runs that was wanted */
export function failureOf({
  failing,
  successful,
  errors,
}: AllocationReport): CommandError | undefined {
  const [first] = failing;
  if (first === undefined) return undefined;
  const all = failing.length + successful.length;
  const what =
    all === 1 ? `${first} did not start` : `${failing.length} of ${all} VMs did not start`;
  const message = all === 1 ? `${what}: ${reasonOf(errors.get(first))}` : what;
  const isFull = failing.every((hash) => errors.get(hash)?.startsWith(NO_ROOM) === true);
  return new CommandError(message, isFull ? EXIT.noCapacity : EXIT.failed, {
    code: isFull ? "no_capacity" : "not_started",
    ...(isFull ? { advice: "`alcove aleph usage` shows what is left." } : {}),
  });
}

const NO_ROOM = "InsufficientResourcesError";

const WORDS: Readonly<Record<string, string>> = {
  InsufficientResourcesError: "the node has no room for it",
  VmSetupError: "it cannot be set up",
  ResourceDownloadError: "something it needs is not there",
  FileTooLargeError: "a file of its own is too large",
  MicroVMFailedInitError: "its machine did not start",
  HostNotFoundError: "a host it needs is not there",
};

/** @param error an exception as Python writes it, such as `VmSetupError('no disk')` */
export function reasonOf(error: string | undefined): string {
  if (error === undefined) return "the node does not say why";
  if (error === "Exception('Unhandled Error')")
    return "the node's log says why; one reason is a message that it does not have";
  const [, name = "", , details = ""] = /^(\w+)\((?:(['"])(.*)\2)?\)$/.exec(error) ?? [];
  const words = WORDS[name];
  if (words === undefined) return error;
  return details === "" ? words : `${words}: ${details.replaceAll(/\\(['"\\])/g, "$1")}`;
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
