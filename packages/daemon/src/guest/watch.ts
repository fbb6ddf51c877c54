/** Watching what changes in the guest's file system: one `watch` stream, a line for each change. */

import { CHANGE_TYPES, type GuestChange, type GuestWatch } from "#core/ports/guest-watch.ts";
import { unlessAborted } from "#lib/patience.ts";

import { cancelOnAbort, Content } from "./content.ts";
import { linesOf } from "./content-items.ts";
import {
  type Fields,
  fieldsOf,
  flagOf,
  has,
  nanosecondsOf,
  oneOf,
  sizeOf,
  textOf,
  verbatimOf,
} from "./fields.ts";
import { readSent } from "./replies.ts";
import { watchRequest } from "./requests.ts";
import type { Session } from "./session.ts";

/** a path and a name in it, every byte of them escaped, are less */
const LINE_BYTES = 32 * 1024;
/** two parts of a path as long as Linux allows them, in UTF-16 units */
const PATH_CHARS = 8192;
const MESSAGE_CHARS = 500;
const TYPES = [...CHANGE_TYPES, "overflow"] as const;

/** @param signal aborts the watch, also while it is read: that then rejects with the reason */
export async function watch(
  session: Session,
  wanted: GuestWatch,
  signal: AbortSignal,
): Promise<AsyncIterable<GuestChange>> {
  signal.throwIfAborted();
  const stream = session.open({
    request: watchRequest(wanted),
    started: (event: Fields) => void fieldsOf(event, "opened"),
    result: readSent,
  });
  cancelOnAbort(stream, signal);
  await unlessAborted(stream.started, signal);
  const content = new Content(session, stream, signal);
  return linesOf(session, content, { maxBytes: LINE_BYTES, read: readChange });
}

/** Throws `BrokenStream`. */
export function readChange(fields: Fields): GuestChange {
  return {
    type: oneOf(fields, "type", TYPES),
    path: verbatimOf(fields, "path", PATH_CHARS),
    atNs: nanosecondsOf(fields, "timeNs"),
    sizeBytes: sizeOf(fields, "size"),
    isDirectory: flagOf(fields, "directory"),
    message: has(fields, "message") ? textOf(fields, "message", MESSAGE_CHARS) : undefined,
  };
}
