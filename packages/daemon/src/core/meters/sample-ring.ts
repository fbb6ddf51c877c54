/**
 * The newest samples of something, in columns: what is older than the ring is long falls out.
 *
 * Values are kept as 32-bit floats, which is more than any chart shows: an hour of one VM takes about 35 KiB.
 */

/** rows that a ring begins with; it doubles as it fills */
const FIRST_ROWS = 16;

/** One sample; `undefined`: nothing was read. */
export type Row<Column extends string> = Readonly<Record<Column, number | undefined>>;

/** Samples in columns of the same length, oldest first. */
export interface Samples<Column extends string> {
  /** ms since the epoch */
  readonly at: readonly number[];
  column(name: Column): readonly (number | undefined)[];
}

export class SampleRing<Column extends string> {
  readonly #names: readonly Column[];
  readonly #maxRows: number;
  #at: Float64Array;
  /** row after row */
  #values: Float32Array;
  /** rows that were ever pushed */
  #pushed = 0;
  #newest = 0;

  /** @param maxRows how many are kept */
  constructor(names: readonly Column[], maxRows: number) {
    const rows = Math.min(FIRST_ROWS, maxRows);
    this.#names = names;
    this.#maxRows = maxRows;
    this.#at = new Float64Array(rows);
    this.#values = new Float32Array(rows * names.length);
  }

  /** @param at ms since the epoch; where the clock was set back, times go on from the newest all the same */
  push(at: number, row: Row<Column>): void {
    if (this.#pushed === this.#at.length) this.#grow();
    const slot = this.#pushed % this.#at.length;
    this.#newest = Math.max(at, this.#newest + 1);
    this.#at[slot] = this.#newest;
    for (const [index, name] of this.#names.entries()) {
      this.#values[slot * this.#names.length + index] = row[name] ?? Number.NaN;
    }
    this.#pushed += 1;
  }

  /** Those that are later than `ms` since the epoch, as they are now. */
  after(ms: number): Samples<Column> {
    const slots = this.#slots().filter((slot) => (this.#at[slot] ?? 0) > ms);
    return {
      at: slots.map((slot) => this.#at[slot] ?? 0),
      column: (name) => slots.map((slot) => this.#value(slot, this.#names.indexOf(name))),
    };
  }

  #value(slot: number, index: number): number | undefined {
    const value = this.#values[slot * this.#names.length + index];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  /** in the order of their rows */
  #slots(): readonly number[] {
    const rows = this.#at.length;
    const kept = Math.min(this.#pushed, rows);
    return Array.from({ length: kept }, (_, index) => (this.#pushed - kept + index) % rows);
  }

  /** Before the first row falls out, the rows are in their order, and go on to be. */
  #grow(): void {
    const rows = Math.min(this.#at.length * 2, this.#maxRows);
    if (rows === this.#at.length) return;
    const [at, values] = [this.#at, this.#values];
    this.#at = new Float64Array(rows);
    this.#at.set(at);
    this.#values = new Float32Array(rows * this.#names.length);
    this.#values.set(values);
  }
}
