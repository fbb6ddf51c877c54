/** Cuts a byte stream into lines of bounded length. */

/** longest line taken from QEMU; its longest honest answers are a few KiB */
export const MAX_LINE_BYTES = 1024 * 1024;

export class BoundedLines {
  readonly #take: (line: string) => void;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  /** @returns false when a line grew beyond its bound; nothing may be pushed then */
  push(chunk: Buffer): boolean {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      if (!this.#keep(rest.subarray(0, end))) return false;
      const line = Buffer.concat(this.#parts).toString("utf8").trim();
      this.#parts = [];
      this.#size = 0;
      if (line !== "") this.#take(line);
      rest = rest.subarray(end + 1);
    }
    return this.#keep(rest);
  }

  #keep(part: Buffer): boolean {
    this.#size += part.length;
    if (this.#size > MAX_LINE_BYTES) return false;
    if (part.length > 0) this.#parts.push(part);
    return true;
  }
}
