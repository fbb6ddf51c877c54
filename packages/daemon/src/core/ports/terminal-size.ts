/** How large a terminal is, in characters. */

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}
