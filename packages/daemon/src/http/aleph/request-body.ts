/** Bodies of requests, read when they are asked for, and never more than fits. */

import type { FastifyReply, FastifyRequest } from "fastify";

import { Refusal } from "#core/aleph/refusal.ts";
import { MIB } from "#lib/bytes.ts";
import { unlessAborted } from "#lib/patience.ts";

import { piecesOf } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";

/** of a body that is read whole, bytes */
export const MAX_BODY_BYTES = MIB;
/** until a body that is read whole has to be there, in `ms` */
const BODY_TIMEOUT_MS = 60_000;

const READ = new WeakMap<FastifyRequest, Promise<Buffer>>();

/** The whole body, read once however often it is asked for. @throws Refusal `too large`, `bad request` */
export function wholeBody(request: FastifyRequest, reply: FastifyReply): Promise<Buffer> {
  const known = READ.get(request);
  if (known) return known;
  const reading = readWhole(request, reply);
  READ.set(request, reading);
  return reading;
}

/** levels of lists and objects inside of each other; who writes more wants our stack */
const MAX_DEPTH = 128;

/** @throws Refusal `bad request` */
export async function jsonBody(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const bytes = await wholeBody(request, reply);
  if (depthOf(bytes) > MAX_DEPTH) {
    const words = `Body is nested too deeply: at most ${MAX_DEPTH} levels`;
    throw new Refusal("bad request", words);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Refusal("bad request", "Body is not valid JSON", { cause });
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set(Buffer.from("[{"));
const CLOSING = new Set(Buffer.from("]}"));

/** How deep a JSON text goes, before anybody goes there. */
function depthOf(json: Uint8Array): number {
  let [depth, deepest, isText] = [0, 0, false];
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (OPENING.has(byte)) deepest = Math.max(deepest, (depth += 1));
    else if (CLOSING.has(byte)) depth -= 1;
  }
  return deepest;
}

/**
 * The body piece by piece, however long it is; whole, where it was read for its signature already. A piece is gone when
 * the next one is asked for.
 */
export async function* bodyPieces(request: FastifyRequest): AsyncGenerator<Buffer, undefined> {
  const known = READ.get(request);
  if (known) yield await known;
  else if (request.body !== undefined) yield* piecesOf(request.raw);
  return undefined;
}

/** whether somebody has read it: it cannot be read as a stream any more */
export function isBodyRead(request: FastifyRequest): boolean {
  return READ.has(request);
}

/** as the request says; `undefined` when it does not */
export function declaredLength({ headers }: FastifyRequest): number | undefined {
  const text = headers["content-length"];
  return text === undefined ? undefined : Number(text);
}

async function readWhole(request: FastifyRequest, reply: FastifyReply): Promise<Buffer> {
  // A GET never meets the parser that hands its stream on.
  if (request.body === undefined) return Buffer.alloc(0);
  const declared = declaredLength(request) ?? 0;
  if (declared > MAX_BODY_BYTES) throw tooLarge(declared);
  const late = AbortSignal.timeout(BODY_TIMEOUT_MS);
  const signal = AbortSignal.any([clientLeft(request, reply), late]);
  try {
    return await unlessAborted(collected(request), signal);
  } catch (error) {
    if (error !== late.reason) throw error;
    const words = `The body was not there after ${BODY_TIMEOUT_MS / 1000} seconds`;
    throw new Refusal("bad request", words, { cause: error });
  }
}

async function collected({ raw }: FastifyRequest): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  // Copied, because the memory of a piece is given back when the next one is asked for.
  for await (const piece of piecesOf(raw)) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) throw tooLarge(size);
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

function tooLarge(size: number): Refusal {
  const words = `Maximum request body size ${MAX_BODY_BYTES} exceeded, actual body size ${size}`;
  return new Refusal("too large", words);
}
