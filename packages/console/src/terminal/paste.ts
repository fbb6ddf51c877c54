/** What is pasted into a terminal: made harmless, and asked about where a program would run it line by line. */

import { withoutLastLineEnds } from "../ui/line-ends.ts";
import { legible } from "../ui/visible.ts";

/** controls but tab and line ends: among them the escape that would end a bracketed paste early */
const CONTROLS = /(?![\t\n\r])\p{Cc}/gu;
const PREVIEW_LINES = 8;

export function harmless(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROLS, "");
}

/** @param isBracketed whether the program takes a paste as a whole, and runs nothing of it by itself */
export function needsAsking(text: string, isBracketed: boolean): boolean {
  return !isBracketed && /[\r\n]/.test(withoutLastLineEnds(text));
}

export interface PastePreview {
  readonly lines: number;
  readonly text: string;
  readonly isCut: boolean;
}

export function previewOf(text: string): PastePreview {
  const all = withoutLastLineEnds(text).split(/\r|\n/);
  const shown = all.slice(0, PREVIEW_LINES).map((line) => legible(line.slice(0, 200)));
  return { lines: all.length, text: shown.join("\n"), isCut: all.length > PREVIEW_LINES };
}
