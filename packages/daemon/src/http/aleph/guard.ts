/**
 * Who asks, for which VM, and may they: the checks before every operation, in the order that clients of the network
 * rely on. Credentials, the hash, the VM, its owner; what the operation itself wants comes after them.
 */

import type { FastifyReply, FastifyRequest } from "fastify";

import type { DoorKind } from "#core/aleph/auth/door.ts";
import type { RequestFacts } from "#core/aleph/auth/request-facts.ts";
import type { Caller } from "#core/aleph/caller.ts";
import type { ExecutionView } from "#core/aleph/execution/view.ts";
import { type ItemHash, parseItemHash } from "#core/aleph/item-hash.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import type { AlephParts } from "./parts.ts";
import { declaredLength, wholeBody } from "./request-body.ts";

/** A request that has got through to a VM. */
export interface Admitted {
  readonly hash: ItemHash;
  readonly execution: ExecutionView;
  readonly caller: Caller;
  /** aborts when the client has left */
  readonly left: AbortSignal;
}

export interface ByRef {
  Params: { readonly ref: string };
}

/** @throws Refusal as the door of that kind says */
export function callerOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { door }: Pick<AlephParts, "door">,
  kind: DoorKind,
): Promise<Caller> {
  return door.caller(factsOf(request, reply), kind);
}

/** For owners, their delegates and administrators. @param unknown what is said when there is no such VM */
export async function admitted(
  request: FastifyRequest<ByRef>,
  reply: FastifyReply,
  parts: AlephParts,
  unknown: (ref: string) => string = noVm,
): Promise<Admitted> {
  const caller = await callerOf(request, reply, parts, "machine");
  const hash = hashOf(request.params.ref);
  const execution = executionOf(parts, hash, unknown);
  const left = clientLeft(request, reply);
  await parts.ownership.demand(caller, ownerOf(execution), left);
  return { hash, execution, caller, left };
}

export function executionOf(
  { executions }: Pick<AlephParts, "executions">,
  hash: ItemHash,
  unknown: (ref: string) => string = noVm,
): ExecutionView {
  const execution = executions.find(hash);
  if (execution) return execution;
  throw new Refusal("not found", unknown(hash));
}

/** `content.address`: the sender of a message has no special right */
export function ownerOf({ content }: ExecutionView): string {
  return content.address;
}

export function hashOf(ref: string): ItemHash {
  const hash = parseItemHash(ref);
  if (hash === undefined) throw new Refusal("bad request", `Invalid ref: '${ref}'`);
  return hash;
}

export function factsOf(request: FastifyRequest, reply: FastifyReply): RequestFacts {
  const { headers, method, url } = request;
  const at = url.indexOf("?");
  return {
    method,
    path: decoded(at < 0 ? url : url.slice(0, at)),
    hasQuery: at >= 0 && at < url.length - 1,
    authorization: headers.authorization,
    allocationToken: single(headers["x-auth-signature"]),
    signedPubKey: single(headers["x-signedpubkey"]),
    signedOperation: single(headers["x-signedoperation"]),
    contentLength: declaredLength(request),
    body: () => wholeBody(request, reply),
  };
}

/** whether a request shows any credentials at all, right or wrong */
export function showsCredentials({ headers }: FastifyRequest): boolean {
  const shown = [
    headers.authorization,
    headers["x-auth-signature"],
    headers["x-signedpubkey"],
    headers["x-signedoperation"],
  ];
  return shown.some((value) => value !== undefined && value !== "");
}

function noVm(ref: string): string {
  return `No virtual machine with ref ${ref}`;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // no percent-encoding at all: it is what it is
  }
}
