/** What the page around a terminal is asked for, and told. */

import type { TerminalSize } from "@alcove/sdk/browser/index.ts";

export interface Surroundings {
  readonly onTyped: (text: string) => void;
  readonly onSize: (size: TerminalSize) => void;
  readonly onTitle: (title: string | undefined) => void;
  /** somebody clicked on an address that the guest wrote */
  readonly onAddress: (address: string) => void;
  /** several lines that a program would run one by one */
  readonly onPaste: (text: string) => void;
  readonly onSearch: () => void;
  /** how often what is searched for is there, and which one is marked, from 0; -1: none of them */
  readonly onFound: (count: number, at: number) => void;
  readonly onLeave: () => void;
}
