/** Finds a text in lines that go on growing; what was looked at once is not looked at again. */

import type { TextLines } from "./text-lines.ts";

export interface Match {
  /** number of the line */
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

/** more are not counted */
export const MAX_MATCHES = 10_000;

export class TextSearch {
  readonly #wanted: string;
  readonly #lines: TextLines;
  #found: Match[] = [];
  #lookedAt = 0;

  /** @param wanted in any case; an empty text is nowhere */
  constructor(lines: TextLines, wanted: string) {
    this.#lines = lines;
    this.#wanted = wanted.toLowerCase();
  }

  /** In order. The newest line is looked at every time: it may not be whole yet. */
  matches(): readonly Match[] {
    const { first, end } = this.#lines;
    if (this.#wanted === "") return [];
    if ((this.#found[0]?.line ?? first) < first)
      this.#found = this.#found.filter(({ line }) => line >= first);
    for (let line = Math.max(this.#lookedAt, first); line < end - 1; line += 1) this.#look(line);
    this.#lookedAt = Math.max(first, end - 1);
    const last = end > first ? this.#in(end - 1) : [];
    return last.length === 0 ? this.#found : [...this.#found, ...last];
  }

  #look(line: number): void {
    if (this.#found.length < MAX_MATCHES) this.#found.push(...this.#in(line));
  }

  #in(line: number): readonly Match[] {
    const text = this.#lines.line(line).text.toLowerCase();
    const found: Match[] = [];
    const { length } = this.#wanted;
    for (let at = text.indexOf(this.#wanted); at >= 0; at = text.indexOf(this.#wanted, at + length))
      found.push({ line, from: at, to: at + length });
    return found;
  }
}
