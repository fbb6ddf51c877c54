/** How terminals are told from other programs in the background of a guest: by what is kept with them. */

import type { BackgroundProgram } from "../ports/guest-background.ts";

export const TERMINAL_NOTE = "terminal";

export function isTerminal({ note }: Pick<BackgroundProgram, "note">): boolean {
  return note === TERMINAL_NOTE;
}
