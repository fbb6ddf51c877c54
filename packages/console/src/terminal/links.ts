/**
 * Addresses in what a guest wrote. They lead nowhere by themselves: whoever clicks is shown where to, and asked. What a
 * program calls a link (OSC 8) may read otherwise than it leads, so the address is what is shown.
 */

import type { ILink, ILinkHandler, ILinkProvider, Terminal } from "@xterm/xterm";

const ADDRESS = /https?:\/\/[^\s"'<>()[\]{}|\\^`\u0080-\uffff]{1,2000}/g;
/** what ends a sentence, not an address */
const TRAILING = /[.,;:!?]+$/;

/** @returns the address as it would be gone to, or `undefined` for what is none of the web */
export function addressIn(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
}

export interface FoundAddress {
  readonly at: number;
  readonly text: string;
}

/** Addresses in one line of plain text. */
export function addressesIn(line: string): readonly FoundAddress[] {
  return Array.from(line.matchAll(ADDRESS), ({ index, 0: found }) => ({
    at: index,
    text: found.replace(TRAILING, ""),
  })).filter(({ text }) => addressIn(text) !== undefined);
}

/** Links that programs made. */
export function madeLinks(ask: (address: string) => void): ILinkHandler {
  return { activate: (_event, text) => follow(text, ask), allowNonHttpProtocols: false };
}

/** Addresses that stand in one line of the screen. */
export function plainLinks(terminal: Terminal, ask: (address: string) => void): ILinkProvider {
  return {
    provideLinks: (y, give) => {
      const line = terminal.buffer.active.getLine(y - 1)?.translateToString(true) ?? "";
      give(addressesIn(line).map((found) => linkOf(found, y, ask)));
    },
  };
}

function linkOf({ at, text }: FoundAddress, y: number, ask: (address: string) => void): ILink {
  const range = { start: { x: at + 1, y }, end: { x: at + text.length, y } };
  return { range, text, activate: () => follow(text, ask) };
}

function follow(text: string, ask: (address: string) => void): void {
  const address = addressIn(text);
  if (address !== undefined) ask(address);
}
