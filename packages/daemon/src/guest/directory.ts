/** Listing a directory of the guest: one `fs` stream, a line of JSON for each entry. */

import type { GuestEntry, GuestPath } from "#core/ports/guest-files.ts";
import { unlessAborted } from "#lib/patience.ts";

import { cancelOnAbort, Content } from "./content.ts";
import { linesOf } from "./content-items.ts";
import { MAX_LINE_BYTES, readEntry } from "./entries.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import { readSent } from "./replies.ts";
import { readDirectoryRequest } from "./requests.ts";
import type { Session } from "./session.ts";

/** @param signal aborts the listing, also while it is read: that then rejects with the reason */
export async function readDirectory(
  session: Session,
  at: GuestPath,
  signal: AbortSignal,
): Promise<AsyncIterable<GuestEntry>> {
  signal.throwIfAborted();
  const stream = session.open({
    request: readDirectoryRequest(at),
    started: (event: Fields) => void fieldsOf(event, "opened"),
    result: readSent,
  });
  cancelOnAbort(stream, signal);
  await unlessAborted(stream.started, signal);
  const content = new Content(session, stream, signal);
  return linesOf(session, content, { maxBytes: MAX_LINE_BYTES, read: readEntry });
}
