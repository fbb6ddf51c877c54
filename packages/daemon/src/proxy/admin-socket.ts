/** HAProxy's admin socket: one command a connection, and what it answers. */

import { createConnection } from "node:net";

import { MIB } from "#lib/bytes.ts";
import { unlessAborted, within } from "#lib/patience.ts";

/** an answer that takes longer is none, in `ms` */
const ANSWER_LIMIT_MS = 5_000;
const MAX_ANSWER_BYTES = 16 * MIB;

/** What can be asked by whoever may do everything with a HAProxy. */
export class AdminSocket {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * @param command one line: what it is made of must hold no line ends and no semicolons
   * @throws Error when nobody answers
   */
  async ask(command: string, signal: AbortSignal): Promise<string> {
    if (/[\n\r;]/.test(command)) throw new Error("invariant: one command at a time");
    const limit = within(ANSWER_LIMIT_MS, signal);
    using socket = disposable(createConnection({ path: this.path }));
    const answer = collected(socket.connection);
    // Not ended: HAProxy takes an end for a leave. It ends the connection itself after its answer.
    socket.connection.write(`${command}\n`);
    return await unlessAborted(answer, limit);
  }
}

function disposable(connection: ReturnType<typeof createConnection>) {
  return { connection, [Symbol.dispose]: () => void connection.destroy() };
}

async function collected(pieces: AsyncIterable<Buffer>): Promise<string> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("HAProxy answers too much");
    kept.push(piece);
  }
  return Buffer.concat(kept).toString("utf8");
}
