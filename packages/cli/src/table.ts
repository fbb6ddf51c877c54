/** Columns for people: padded by what a terminal shows, nothing after the last one. */

import { printableLine } from "./printable.ts";

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows].map((row) => row.map(printableLine));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => width(row[column]))));
  return cells.map((row) => line(row, widths)).join("\n");
}

function line(row: readonly string[], widths: readonly number[]): string {
  const padded = row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)));
  return padded.join("  ").trimEnd();
}

/** Characters as a reader counts them, so that an accent or an emoji does not shift a column. */
const CHARACTERS = new Intl.Segmenter("en", { granularity: "grapheme" });

function width(cell: string | undefined): number {
  return Array.from(CHARACTERS.segment(cell ?? "")).length;
}
