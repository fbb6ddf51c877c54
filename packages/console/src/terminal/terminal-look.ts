/** How terminals look: the console's own tokens, in both themes. */

import type { ITheme } from "@xterm/xterm";

import { token } from "../app/theme.ts";

/** in CSS pixels */
export const FONT_SIZE = 13;
/** lines that can be scrolled back to; what is shown again after a break is the newest 256 KiB */
export const SCROLLBACK_LINES = 10_000;
/** programs choose colours for grounds that they do not know: theirs are made legible on ours */
export const MIN_CONTRAST = 4.5;

export function fontNow(): string {
  return token("--mono");
}

/** How what a search finds is marked. */
export function marksNow() {
  return {
    matchBackground: token("--warn-soft"),
    matchOverviewRuler: token("--warn"),
    activeMatchBackground: token("--warn-soft"),
    activeMatchBorder: token("--warn"),
    activeMatchColorOverviewRuler: token("--warn"),
  };
}

/** Of the theme that is chosen now. */
export function lookNow(): ITheme {
  const plain = {
    black: token("--text-3"),
    red: token("--bad"),
    green: token("--good"),
    yellow: token("--warn"),
    blue: token("--busy"),
    magenta: token("--sleep"),
    cyan: token("--accent"),
    white: token("--text-2"),
  };
  return {
    ...plain,
    background: token("--terminal-ground"),
    foreground: token("--terminal-text"),
    cursor: token("--accent"),
    cursorAccent: token("--terminal-ground"),
    selectionBackground: token("--accent-soft"),
    selectionInactiveBackground: token("--surface-3"),
    scrollbarSliderBackground: token("--line"),
    scrollbarSliderHoverBackground: token("--line-strong"),
    scrollbarSliderActiveBackground: token("--line-strong"),
    brightBlack: plain.black,
    brightRed: token("--bad-strong"),
    brightGreen: plain.green,
    brightYellow: plain.yellow,
    brightBlue: plain.blue,
    brightMagenta: plain.magenta,
    brightCyan: token("--accent-strong"),
    brightWhite: token("--text"),
  };
}
