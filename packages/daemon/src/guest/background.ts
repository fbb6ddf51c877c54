/** Programs in the background of a guest: the streams of one session that are about them. */

import { Buffer } from "node:buffer";

import type {
  BackgroundEnd,
  BackgroundKill,
  BackgroundKilled,
  BackgroundLogs,
  BackgroundProgram,
  BackgroundTerminal,
  GuestBackground,
  LogPosition,
  LogRecord,
} from "#core/ports/guest-background.ts";
import { MIB } from "#lib/bytes.ts";
import { unlessAborted } from "#lib/patience.ts";

import { ask } from "./ask.ts";
import {
  readBackgroundEnd,
  readKilled,
  readLogsOpened,
  readProgram,
  recordIn,
} from "./background-replies.ts";
import { cancelOnAbort, Content } from "./content.ts";
import { checked, ContentItems, linesOf } from "./content-items.ts";
import { readSent } from "./replies.ts";
import { backgroundRequest, resizeControl } from "./requests.ts";
import type { Session } from "./session.ts";

/** a description holds what one OPEN carried, escaped again */
const LINE_BYTES = 128 * 1024;
/** all descriptions together: 256 programs as large as they can be are half of it */
const LIST_BYTES = 32 * MIB;

export class AgentBackground implements GuestBackground {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  list(signal: AbortSignal): Promise<readonly BackgroundProgram[]> {
    return this.#list(undefined, signal);
  }

  async find(id: string, signal: AbortSignal): Promise<BackgroundProgram> {
    const [found, ...others] = await this.#list(id, signal);
    if (found === undefined || others.length > 0 || found.id !== id) {
      throw this.#session.breach("one program was asked for, another is described");
    }
    return found;
  }

  async logs(id: string, at: LogPosition, signal: AbortSignal): Promise<BackgroundLogs> {
    return (await this.#follow(id, at, signal)).logs;
  }

  async attach(id: string, fromId: number, signal: AbortSignal): Promise<BackgroundTerminal> {
    const { logs, stream } = await this.#follow(id, { fromId, follow: true }, signal);
    return {
      ...logs,
      write: (bytes, until) => stream.outgoing.write(bytes, until),
      resize: (size) => stream.control(resizeControl(size)),
    };
  }

  async #follow(id: string, { fromId, follow }: LogPosition, signal: AbortSignal) {
    signal.throwIfAborted();
    const session = this.#session;
    const stream = session.open({
      request: backgroundRequest("logs", { id, fromId, follow }),
      started: readLogsOpened,
      result: readSent,
    });
    cancelOnAbort(stream, signal);
    const opened = await unlessAborted(stream.started, signal);
    const content = new Content(session, stream, signal);
    const records = new ContentItems(content, recordsIn(session, content));
    return { stream, logs: { ...opened, records } };
  }

  kill(id: string, how: BackgroundKill, signal: AbortSignal): Promise<BackgroundKilled> {
    const { signal: name, graceMs } = how;
    const request = backgroundRequest("kill", { id, signal: name, graceMs });
    return ask(this.#session, { request, result: readKilled }, signal);
  }

  wait(id: string, signal: AbortSignal): Promise<BackgroundEnd> {
    const request = backgroundRequest("wait", { id });
    return ask(this.#session, { request, result: readBackgroundEnd }, signal);
  }

  reap(id: string, signal: AbortSignal): Promise<void> {
    const request = backgroundRequest("reap", { id });
    return ask(this.#session, { request, result: () => undefined }, signal);
  }

  async #list(id: string | undefined, signal: AbortSignal): Promise<BackgroundProgram[]> {
    signal.throwIfAborted();
    const session = this.#session;
    const stream = session.open({ request: backgroundRequest("list", { id }), result: readSent });
    cancelOnAbort(stream, signal);
    const content = new Content(session, stream, signal);
    const reader = { maxBytes: LINE_BYTES, maxTotalBytes: LIST_BYTES, read: readProgram };
    return Array.fromAsync(linesOf(session, content, reader));
  }
}

async function* recordsIn(
  session: Session,
  content: Content,
): AsyncGenerator<LogRecord, undefined> {
  let rest: Uint8Array = new Uint8Array();
  for await (const bytes of content) {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (;;) {
      const whole = rest;
      const found = checked(session, () => recordIn(whole));
      if (!found) break;
      yield found.record;
      rest = rest.subarray(found.size);
    }
  }
  if (rest.length > 0) throw session.breach("logs that end in the middle of a record");
  return undefined;
}
