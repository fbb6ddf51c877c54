/**
 * Output of a program or a serial line, as lines to be shown: colours kept, everything else that a terminal would act on
 * taken out, so that it can do nothing to who reads it. The newest lines are kept, up to a bound.
 */

import { classesOf, type Look, lookAfter, PLAIN } from "./ansi-look.ts";
import { EscapeReader } from "./escape-reader.ts";
import { blank, overlay, type Run } from "./text-runs.ts";

export interface Line {
  readonly text: string;
  /** where it is not plain, in order, apart */
  readonly runs: readonly Run[];
}

/** lines kept; the oldest tenth goes when there are more */
export const MAX_LINES = 100_000;
/** characters kept, of all lines together */
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** a longer line is continued on the next */
const MAX_LINE_CHARACTERS = 4_096;
/** stretches of a line that look different; what is written when there are more looks like what was there */
const MAX_LINE_RUNS = 256;
/** what a stretch counts for among the characters that are kept */
const RUN_CHARACTERS = 32;
const DROPPED = 0.1;
const TAB = 8;

const CONTROL = /\p{Cc}/gu;
/** marks that turn the direction of what follows */
const TURNING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export class TextLines {
  readonly #listeners = new Set<() => void>();
  readonly #escapes = new EscapeReader();
  #lines: Line[] = [];
  #characters = 0;
  #first = 0;
  #version = 0;
  #look: Look = PLAIN;
  #classes = "";
  #base = "";
  #text = "";
  #runs: readonly Run[] = [];
  #column = 0;

  /** changes with every write */
  get version(): number {
    return this.#version;
  }

  /** number of the oldest line that is kept; numbers stay as they are when older lines go */
  get first(): number {
    return this.#first;
  }

  /** one more than the number of the newest; the newest line may still change */
  get end(): number {
    return this.#first + this.#lines.length + (this.#text === "" ? 0 : 1);
  }

  line(number: number): Line {
    return this.#lines[number - this.#first] ?? { text: this.#text, runs: this.#runs };
  }

  /** @param base class name of what is written now, such as that of an error output */
  write(text: string, base = ""): void {
    if (base !== this.#base) {
      this.#base = base;
      this.#setLook(this.#look);
    }
    let at = 0;
    while (at < text.length) at = this.#step(text, at);
    this.#changed();
  }

  clear(): void {
    this.#first = this.end;
    this.#lines = [];
    this.#characters = 0;
    this.#begin();
    this.#setLook(PLAIN);
    this.#escapes.reset();
    this.#changed();
  }

  /** @returns all that is kept, without colours */
  toString(): string {
    const whole = this.#lines.map(({ text }) => `${text}\n`).join("");
    return whole + this.#text;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #step(text: string, at: number): number {
    if (this.#escapes.isInside) {
      const end = this.#escapes.read(text, at);
      const order = this.#escapes.take();
      if (order) this.#obey(order.final, order.parameters);
      return end;
    }
    CONTROL.lastIndex = at;
    const control = CONTROL.exec(text);
    const end = control?.index ?? text.length;
    if (end > at) this.#put(text.slice(at, end).replace(TURNING, "\ufffd"));
    if (!control) return end;
    this.#control(control[0]);
    return end + 1;
  }

  #control(character: string): void {
    if (character === "\n") this.#newLine();
    else if (character === "\r") this.#column = 0;
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character === "\t") this.#put(" ".repeat(TAB - (this.#column % TAB)));
    else if (character === "\u001b") this.#escapes.begin();
  }

  #obey(final: string, parameters: string): void {
    if (final === "m") this.#setLook(lookAfter(this.#look, parameters));
    else if (final === "G") this.#moveTo(Number.parseInt(parameters, 10) - 1 || 0);
    else if (final === "K" && parameters.replace("0", "") === "") this.#cutAt(this.#column);
    else if (final === "K" && parameters === "2") this.#cutAt(0);
  }

  #moveTo(column: number): void {
    this.#column = Math.min(Math.max(0, column), MAX_LINE_CHARACTERS - 1);
  }

  #cutAt(column: number): void {
    this.#text = this.#text.slice(0, column);
    this.#runs = blank(this.#runs, column, Infinity);
  }

  #put(text: string): void {
    let rest = text;
    while (rest.length > MAX_LINE_CHARACTERS - this.#column) {
      const room = MAX_LINE_CHARACTERS - this.#column;
      this.#write(rest.slice(0, room));
      this.#newLine();
      rest = rest.slice(room);
    }
    this.#write(rest);
  }

  #write(here: string): void {
    const from = this.#column;
    const to = from + here.length;
    const gap = " ".repeat(Math.max(0, from - this.#text.length));
    this.#text = this.#text.slice(0, from) + gap + here + this.#text.slice(to);
    if (this.#runs.length < MAX_LINE_RUNS)
      this.#runs = overlay(this.#runs, { from, to, classes: this.#classes });
    this.#column = to;
  }

  #newLine(): void {
    this.#lines.push({ text: this.#text, runs: this.#runs });
    this.#characters += weightOf(this.#runs, this.#text);
    this.#begin();
    if (this.#lines.length > MAX_LINES || this.#characters > MAX_CHARACTERS) this.#dropOldest();
  }

  #begin(): void {
    this.#text = "";
    this.#runs = [];
    this.#column = 0;
  }

  #dropOldest(): void {
    const gone = this.#lines.splice(0, Math.ceil(this.#lines.length * DROPPED));
    this.#first += gone.length;
    this.#characters -= gone.reduce((sum, { runs, text }) => sum + weightOf(runs, text), 0);
  }

  #setLook(look: Look): void {
    this.#look = look;
    this.#classes = [this.#base, classesOf(look)].filter((it) => it !== "").join(" ");
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}

/** A guest can change the look with every character, and a stretch takes more memory than what is in it. */
function weightOf(runs: readonly Run[], { length }: string): number {
  return length + runs.length * RUN_CHARACTERS;
}
