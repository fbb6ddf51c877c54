/** Listing a directory of the guest: one `fs` stream, a line of JSON for each entry. */

import type { GuestEntry, GuestPath } from "#core/ports/guest-link.ts";
import { unlessAborted } from "#lib/patience.ts";

import { cancelOnAbort, Content } from "./content.ts";
import { MAX_LINE_BYTES, readEntry } from "./entries.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import { readSent } from "./replies.ts";
import { readDirectoryRequest } from "./requests.ts";
import type { Session } from "./session.ts";

const LINE_END = 0x0a;

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
  return new Listing(session, new Content(session, stream, signal));
}

/** The entries, once; a reader who leaves early, even before the first one, stops the guest. */
class Listing implements AsyncIterableIterator<GuestEntry> {
  readonly #content: Content;
  readonly #entries: AsyncGenerator<GuestEntry, undefined>;

  constructor(session: Session, content: Content) {
    this.#content = content;
    this.#entries = entriesOf(session, content);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<GuestEntry, undefined>> {
    return this.#entries.next();
  }

  async return(): Promise<IteratorResult<GuestEntry, undefined>> {
    await this.#content.return();
    return this.#entries.return(undefined);
  }
}

async function* entriesOf(
  session: Session,
  content: Content,
): AsyncGenerator<GuestEntry, undefined> {
  let rest: Uint8Array = new Uint8Array();
  for await (const bytes of content) {
    const text = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let from = 0;
    for (let end = text.indexOf(LINE_END); end >= 0; end = text.indexOf(LINE_END, from)) {
      yield checked(session, text.subarray(from, end));
      from = end + 1;
    }
    rest = text.subarray(from);
    if (rest.length > MAX_LINE_BYTES) throw session.breach("an entry without an end");
  }
  if (rest.length > 0) throw session.breach("a listing that ends in the middle of an entry");
  return undefined;
}

/** A line that makes no sense costs the guest its session, as any other breach of the protocol. */
function checked(session: Session, line: Uint8Array): GuestEntry {
  try {
    return readEntry(line);
  } catch (error) {
    throw session.breach(error instanceof Error ? error.message : String(error));
  }
}
