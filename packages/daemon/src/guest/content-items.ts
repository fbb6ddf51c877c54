/** Things cut out of a stream's bytes: lines of JSON, records. */

import { Buffer } from "node:buffer";

import type { Content } from "./content.ts";
import { type Fields, parseFields } from "./fields.ts";
import type { Session } from "./session.ts";

const LINE_END = 0x0a;

/** The things, once; a reader who leaves early, even before the first one, stops the guest. */
export class ContentItems<T> implements AsyncIterableIterator<T> {
  readonly #content: Content;
  readonly #items: AsyncGenerator<T, undefined>;

  constructor(content: Content, items: AsyncGenerator<T, undefined>) {
    this.#content = content;
    this.#items = items;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#items.next();
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.#content.return();
    return this.#items.return(undefined);
  }
}

/** How lines are read. */
export interface LineReader<T> {
  readonly maxBytes: number;
  /** of all lines, where they are collected */
  readonly maxTotalBytes?: number;
  /** Throws `BrokenStream`. */
  readonly read: (fields: Fields) => T;
}

export function linesOf<T>(
  session: Session,
  content: Content,
  reader: LineReader<T>,
): ContentItems<T> {
  return new ContentItems(content, eachLine(session, content, reader));
}

async function* eachLine<T>(
  session: Session,
  content: Content,
  { maxBytes, maxTotalBytes = Infinity, read }: LineReader<T>,
): AsyncGenerator<T, undefined> {
  let totalBytes = 0;
  let rest: Uint8Array = new Uint8Array();
  for await (const bytes of content) {
    totalBytes += bytes.length;
    if (totalBytes > maxTotalBytes) throw session.breach("a list without an end");
    const text = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let from = 0;
    for (let end = text.indexOf(LINE_END); end >= 0; end = text.indexOf(LINE_END, from)) {
      const line = text.subarray(from, end);
      yield checked(session, () => read(parseFields(line, maxBytes)));
      from = end + 1;
    }
    rest = text.subarray(from);
    if (rest.length > maxBytes) throw session.breach("a line without an end");
  }
  if (rest.length > 0) throw session.breach("a list that ends in the middle of a line");
  return undefined;
}

/** What makes no sense costs the guest its session, as any other breach of the protocol. */
export function checked<T>(session: Session, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw session.breach(error instanceof Error ? error.message : String(error));
  }
}
