/** Programs and instances by request: whoever calls one has it started if need be, and gets its answer. */

import type { FastifyReply, FastifyRequest } from "fastify";

import { parseItemHash } from "#core/aleph/item-hash.ts";
import type { ProgramCall } from "#core/aleph/programs/program-call.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import { sendJson, sendText } from "./answers.ts";
import type { AlephParts } from "./parts.ts";
import type { Called } from "./program-path.ts";
import { answerHeaders, passOn } from "./program-answer.ts";
import { ask, Undecodable } from "./program-request.ts";

/** how long an instance may take until its answer begins, in `ms`: its owner sets no limit as a program's does */
const INSTANCE_HEAD_MS = 60_000;

/** the longest wait that a timer of the platform can hold, in `ms` */
const MAX_LIMIT_MS = 2 ** 31 - 1;

/** how long a guest that has just been started may take until it listens, in `ms` */
const BOOT_PATIENCE_MS = 30_000;

export async function callProgram(
  request: FastifyRequest,
  reply: FastifyReply,
  { programs, draining, login, log }: Pick<AlephParts, "programs" | "draining" | "login" | "log">,
  { ref, path }: Called,
): Promise<FastifyReply> {
  const vmHash = parseItemHash(ref);
  if (vmHash === undefined) throw new Refusal("bad request", `Invalid message reference: ${ref}`);
  using _underWay = draining.call();
  const left = clientLeft(request, reply);
  using call = await programs.begin(vmHash, left);
  const { program } = call;
  const late = AbortSignal.timeout(limitMs(call));
  const head = AbortSignal.any([left, late]);
  try {
    const order = { request, path, patienceMs: call.isNew ? BOOT_PATIENCE_MS : 0, login };
    const answer = await ask(order, (signal) => call.reach(signal), head);
    const headers = answerHeaders(answer, call);
    // Only a program's whole answer has a limit.
    await passOn(answer, headers, reply, program ? head : left);
    return reply;
  } catch (error) {
    left.throwIfAborted();
    log.info("aleph.call_failed", { vmHash, error });
    if (late.aborted) return sendJson(reply, { error: tooLate(call) }, 504);
    return sendNothing(reply, call, error);
  }
}

function limitMs({ program }: ProgramCall): number {
  return program ? Math.min(program.seconds * 1000, MAX_LIMIT_MS) : INSTANCE_HEAD_MS;
}

function tooLate({ program }: ProgramCall): string {
  if (program) return "Program did not respond within `resource.seconds`";
  return `The instance did not respond within ${INSTANCE_HEAD_MS / 1000} seconds`;
}

function sendNothing(reply: FastifyReply, call: ProgramCall, error: unknown): FastifyReply {
  if (error instanceof Undecodable) return reply.code(502).send("");
  if (!call.program) return sendText(reply, "VM did not respond", 502);
  call.giveUp();
  return sendText(reply, "VM did not respond and was shut down", 502);
}
