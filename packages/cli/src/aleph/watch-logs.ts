/**
 * A VM's log as it goes on. Owners are let in by the first message of a WebSocket, as at every node of the network;
 * administrators by a header, which Alcove's nodes take for a stream of lines.
 */

import { on } from "node:events";

import { AlcoveConnectionError, AlcoveProtocolError, isObject } from "@alcove/sdk/errors.ts";
import { AlcoveApiError } from "@alcove/sdk";
import { readNdjson } from "@alcove/sdk/ndjson.ts";
import { openWebSocket } from "@alcove/sdk/node/web-socket.ts";
import { parseEndpoint } from "@alcove/sdk/node/endpoint.ts";

import { EXIT } from "../exit-codes.ts";
import { CommandError } from "../failure.ts";
import type { LogEntry } from "./log-lines.ts";
import { type NodeClient, unreachable } from "./node-client.ts";
import type { Operator } from "./operator.ts";
import { refusal, refusalFrom } from "./refusals.ts";

/** messages that wait to be printed; beyond it the node is slowed down */
const WAITING_MESSAGES = 256;
const NORMAL_CLOSURE = 1000;

/** `type` and `message` of each line; one of the type `system` is the last. @throws CommandError */
export async function* watchedEntries(
  node: NodeClient,
  hash: string,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, undefined> {
  const path = `/control/machine/${hash}/stream_logs`;
  const { credentials } = node;
  if (credentials.kind === "operator") {
    yield* overSocket(node, path, credentials.operator, signal);
    return undefined;
  }
  const headers = { accept: "application/x-ndjson" };
  const answer = await node.open({ method: "GET", path, audience: "owner", headers }, signal);
  try {
    yield* readNdjson(answer.chunks());
  } catch (error) {
    throw error instanceof AlcoveConnectionError ? unreachable(error, node.name) : error;
  }
  return undefined;
}

async function* overSocket(
  node: NodeClient,
  path: string,
  operator: Operator,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, undefined> {
  const socket = await connected(node, path, signal);
  let code = NORMAL_CLOSURE;
  socket.once("close", (closedWith: number) => (code = closedWith));
  const messages = on(socket, "message", {
    signal,
    close: ["close"],
    highWaterMark: WAITING_MESSAGES,
    lowWaterMark: 1,
  });
  try {
    socket.resume();
    socket.send(operator.watchFrame(node.urlOf({ path })));
    for await (const [bytes] of messages) {
      const entry = entryIn(String(bytes));
      if (entry["status"] === "failed") throw refusal(String(entry["reason"]), 401, node);
      if (entry["status"] === undefined) yield entry;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    socket.terminate();
  }
  if (code !== NORMAL_CLOSURE)
    throw new CommandError(`The connection to ${node.name} was lost`, EXIT.unreachable, {
      code: "unreachable",
    });
  return undefined;
}

async function connected(node: NodeClient, path: string, signal: AbortSignal) {
  try {
    return await openWebSocket(parseEndpoint(node.name), path, {}, signal);
  } catch (error) {
    if (error instanceof AlcoveConnectionError) throw unreachable(error, node.name);
    if (!(error instanceof AlcoveApiError)) throw error;
    const { status, message } = error;
    throw refusalFrom({ status, text: JSON.stringify({ error: message }), server: "" }, node);
  }
}

function entryIn(text: string): LogEntry {
  const value: unknown = parsed(text);
  if (isObject(value)) return value;
  throw new AlcoveProtocolError("A line of the log is no JSON object");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says what it should have been
  }
}
