/**
 * What the kernel of a fake guest does between who types and who reads: it shows what is typed, and hands on whole
 * lines. Of its special characters it knows erase, interrupt and end of file.
 */

export interface Typed {
  /** shown at once */
  readonly echo: Buffer;
  /** for the program */
  readonly input: Buffer;
  /** whether end of file was typed, after the input */
  readonly ended: boolean;
}

const INTERRUPT = 0x03;
const END_OF_FILE = 0x04;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const ERASE = 0x7f;
const FIRST_PRINTABLE = 0x20;
/** a real terminal's line is not longer either, bytes */
const MAX_LINE_BYTES = 4096;

export class FakeTerminal {
  #line: number[] = [];

  type(bytes: Uint8Array): Typed {
    const echo: number[] = [];
    const input: number[] = [];
    for (const byte of bytes) {
      if (byte === END_OF_FILE && this.#line.length === 0) {
        return { echo: Buffer.from(echo), input: Buffer.from(input), ended: true };
      }
      if (byte === RETURN || byte === LINE_FEED) {
        input.push(...this.#line.splice(0), LINE_FEED);
        echo.push(RETURN, LINE_FEED);
      } else echo.push(...this.#edit(byte));
    }
    return { echo: Buffer.from(echo), input: Buffer.from(input), ended: false };
  }

  /** @returns what is shown of it */
  #edit(byte: number): Buffer {
    if (byte === INTERRUPT) {
      this.#line = [];
      return Buffer.from("^C\r\n$ ");
    }
    if (byte === ERASE) return Buffer.from(this.#line.pop() === undefined ? "" : "\b \b");
    if (byte < FIRST_PRINTABLE || this.#line.length >= MAX_LINE_BYTES) return Buffer.alloc(0);
    this.#line.push(byte);
    return Buffer.from([byte]);
  }
}

/** Output as a terminal shows it: each line begins at the left. */
export function shown(bytes: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\n", "\r\n"), "latin1");
}
