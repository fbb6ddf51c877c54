/** Copying out of the guest: one `copyOut` stream, read as an iterable. */

import type { GuestCopyOut, GuestSource } from "#core/ports/guest-link.ts";
import { unlessAborted } from "#lib/patience.ts";

import { cancelOnAbort, Content } from "./content.ts";
import { readSent, readSource } from "./replies.ts";
import { copyOutRequest } from "./requests.ts";
import type { Session } from "./session.ts";

/** @param signal aborts the copy, also while its content is read: that then rejects with the reason */
export async function copyOut(
  session: Session,
  request: GuestCopyOut,
  signal: AbortSignal,
): Promise<GuestSource> {
  signal.throwIfAborted();
  const call = { request: copyOutRequest(request), started: readSource, result: readSent };
  const stream = session.open(call);
  cancelOnAbort(stream, signal);
  const facts = await unlessAborted(stream.started, signal);
  stream.incoming.widen(session.wideWindows.lend(stream.over));
  // An archive of a file is larger than the file.
  const promisedBytes = request.format === "tar" ? undefined : facts.sizeBytes;
  const content = new Content(session, stream, signal, promisedBytes);
  return { ...facts, content, cancel: () => stream.cancel() };
}
