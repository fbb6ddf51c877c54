/**
 * One client at a terminal, over a WebSocket: binary messages are what is typed and shown, text messages
 * are JSON about it. Whoever reads slowly slows nobody down: the guest goes on, and a gap is told.
 */

import type { WebSocket } from "@fastify/websocket";
import { Value } from "typebox/value";

import { type TerminalNotice, TerminalOrder } from "@alcove/api";
import type { AttachedTerminal } from "#core/exec/terminals.ts";
import type { BackgroundTerminal, LogRecord } from "#core/ports/guest-background.ts";
import { pause } from "#lib/patience.ts";

import {
  allMessagesOf,
  closeBecause,
  type Message,
  sendMessage,
  sendWords,
  watchClient,
} from "../web-socket.ts";

const NORMAL_CLOSURE = 1000;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;
/** longest text message that is looked at, bytes */
const MAX_ORDER_BYTES = 1_024;
/** what a client sends waits so long after a new size: a guest that stands still is told sizes, but takes none, in `ms` */
const RESIZE_MS = 10;

/** A client said what means nothing. */
class Nonsense extends Error {
  override readonly name = "Nonsense";
}

/**
 * Lives until the shell ends or the client leaves; never rejects. The terminal goes on after a client.
 * @param leaving ends the attachment
 */
export async function workAt(
  socket: WebSocket,
  { terminal, lastKept }: AttachedTerminal,
  leaving: AbortController,
): Promise<void> {
  using _watch = watchClient(socket);
  // Aborts with why the client is not to be understood, or because it left.
  const typing = obeyed(socket, terminal, leaving.signal).then(
    () => leaving.abort(),
    (error: unknown) => leaving.abort(error),
  );
  try {
    await shown(socket, terminal.records, lastKept);
    socket.close(NORMAL_CLOSURE);
  } catch (error) {
    if (error instanceof Nonsense) closeBecause(socket, POLICY_VIOLATION, error.message);
    else if (leaving.signal.aborted) socket.close(NORMAL_CLOSURE);
    else closeBecause(socket, INTERNAL_ERROR, error instanceof Error ? error.message : "it broke");
  } finally {
    leaving.abort();
    await typing;
  }
}

async function shown(
  socket: WebSocket,
  records: AsyncIterable<LogRecord>,
  lastKept: number,
): Promise<void> {
  let isLive = false;
  for await (const record of records) {
    const { content } = record;
    const isEnd = content.kind === "exit";
    if (!isEnd) await show(socket, record);
    if (!isLive && record.id >= lastKept) {
      isLive = true;
      await tell(socket, { type: "live" });
    }
    if (isEnd) await tell(socket, { type: "exit", code: content.exitCode });
  }
}

async function show(socket: WebSocket, { content }: LogRecord): Promise<void> {
  if (content.kind === "gap") {
    await tell(socket, { type: "gap", dropped_bytes: content.droppedBytes });
  } else if (content.kind === "stdout" || content.kind === "stderr") {
    await sendMessage(socket, content.bytes);
  }
}

function tell(socket: WebSocket, notice: TerminalNotice): Promise<void> {
  return sendWords(socket, notice);
}

async function obeyed(
  socket: WebSocket,
  terminal: BackgroundTerminal,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of allMessagesOf(socket, signal)) {
    if (message.isBinary) await terminal.write(message.bytes, signal);
    else {
      terminal.resize(orderIn(message));
      await pause(RESIZE_MS, signal);
    }
  }
}

/** Throws `Nonsense`: whoever says such things is no client of this API, and is told so at once. */
function orderIn({ bytes }: Message): TerminalOrder {
  const order = bytes.length > MAX_ORDER_BYTES ? undefined : parsed(bytes);
  if (Value.Check(TerminalOrder, order)) return order;
  throw new Nonsense('A text message must be {"type":"resize","cols":1 to 1000,"rows":1 to 1000}');
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
