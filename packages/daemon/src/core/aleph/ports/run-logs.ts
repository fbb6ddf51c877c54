/** Where what VMs say is kept, line by line, also after they have ended. */

import type { ItemHash } from "../item-hash.ts";

export interface LogLine {
  readonly at: Date;
  readonly stream: "stdout" | "stderr";
  /** without the newline at its end; bytes that are no UTF-8 are replaced */
  readonly text: string;
}

export interface RunLogs {
  /** all that is kept, oldest first; empty when nothing is */
  past(vmHash: ItemHash, signal: AbortSignal): AsyncIterable<LogLine>;
  /**
   * All that is kept, then what is added, until `signal` aborts or the VM does not run any more. A reader that is
   * too slow loses lines in the middle, and is told how many.
   */
  follow(vmHash: ItemHash, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Removes what is kept. */
  remove(vmHash: ItemHash): Promise<void>;
}

/** A file that a VM's machine appends to. */
export interface LogFile {
  /** absolute */
  readonly path: string;
  readonly stream: LogLine["stream"];
}

/** The writing end: told by the core which files there are to be read. */
export interface RunLogKeeper extends RunLogs {
  /** Takes in what these files get, from where it stopped the last time. Asking again for the same ones changes nothing. */
  attend(vmHash: ItemHash, files: readonly LogFile[]): void;
  /**
   * The machine has ended: what is left in its files is taken in, then they are left alone.
   * @param reason why it failed, for people; kept as a last line of stderr
   */
  ended(vmHash: ItemHash, reason: string | undefined): void;
}
