/** A line cut where its looks change, and where something was found in it. */

import type { Line } from "./text-lines.ts";

export interface Piece {
  readonly text: string;
  readonly classes: string;
}

/** A stretch to be marked over what is there. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly classes: string;
}

export function piecesOf({ text, runs }: Line, marks: readonly Mark[]): readonly Piece[] {
  if (runs.length === 0 && marks.length === 0) return [{ text, classes: "" }];
  const stretches = [...runs, ...marks];
  const cuts = new Set([0, text.length]);
  for (const { from, to } of stretches) cuts.add(from).add(Math.min(to, text.length));
  const places = [...cuts].toSorted((one, other) => one - other);
  return places.slice(0, -1).map((from, index) => {
    const to = places[index + 1] ?? text.length;
    const over = stretches.filter((it) => it.from <= from && it.to >= to);
    const classes = over.map((it) => it.classes).filter((it) => it !== "");
    return { text: text.slice(from, to), classes: classes.join(" ") };
  });
}
