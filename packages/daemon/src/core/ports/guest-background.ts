/**
 * Programs that go on in a guest without anybody: neither a client that leaves nor a daemon that
 * restarts ends them. The guest keeps all of it; the host remembers nothing.
 */

import type { TerminalSize } from "./terminal-size.ts";

/** What is kept of a program besides how to run it. */
export interface BackgroundKeep {
  /** bound of what is kept of its output; `undefined` for the guest's default of 1 MiB */
  readonly ringBytes: number | undefined;
  /** at most 256 bytes that mean nothing to the guest and are given back with the program */
  readonly note: string;
}

export interface BackgroundStart {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly ringBytes: number;
}

export interface BackgroundEnd {
  /** 128 + signal number when a signal ended it */
  readonly exitCode: number;
  /** without `SIG` */
  readonly signal: string | undefined;
  readonly endedAt: Date;
}

/** A program as the guest lists it; every text is the guest's and may hold control characters. */
export interface BackgroundProgram extends BackgroundStart {
  /** as it was asked for */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly note: string;
  /** `undefined` while it runs */
  readonly end: BackgroundEnd | undefined;
  /** bytes of output, ever */
  readonly writtenBytes: number;
  /** bytes of output that are not kept any more */
  readonly droppedBytes: number;
  /** what the next frame will have */
  readonly nextId: number;
}

export type LogContent =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "stdout" | "stderr"; readonly bytes: Uint8Array }
  /** always the last */
  | { readonly kind: "exit"; readonly exitCode: number; readonly signal: string | undefined }
  /** what was asked for up to this frame is not kept any more */
  | { readonly kind: "gap"; readonly droppedBytes: number; readonly droppedFrames: number };

/** One frame of what a program wrote. */
export interface LogRecord {
  /** frames count from 1 */
  readonly id: number;
  readonly at: Date;
  readonly content: LogContent;
}

export interface BackgroundLogs {
  readonly pid: number;
  readonly note: string;
  /** once; read it to its end or leave it: leaving stops the guest */
  readonly records: AsyncIterable<LogRecord>;
}

/** A terminal as one who works at it has it. Any number may, and each is shown everything. */
export interface BackgroundTerminal extends BackgroundLogs {
  /** types; resolves once the guest has room for all of it. Harmless when the program has ended */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** of the one terminal: the last word counts */
  resize(size: TerminalSize): void;
}

export interface LogPosition {
  /** first frame that is wanted; one that is not there yet is waited for when following */
  readonly fromId: number;
  /** until the program's end, or what is there now */
  readonly follow: boolean;
}

export interface BackgroundKill {
  /** without `SIG` */
  readonly signal: string;
  /** after TERM: how long until what is left is killed, in `ms` */
  readonly graceMs: number;
}

export interface BackgroundKilled {
  readonly pid: number;
  /** whether it ran, and so was signalled */
  readonly running: boolean;
}

/**
 * What can be done with a program once it is started. An id that never was is refused as
 * `not_found`, one that was reaped as `gone`.
 */
export interface GuestBackground {
  /** oldest first; programs that have ended too, until they are reaped */
  list(signal: AbortSignal): Promise<readonly BackgroundProgram[]>;
  find(id: string, signal: AbortSignal): Promise<BackgroundProgram>;
  /** @param signal aborts it, also while the records are read */
  logs(id: string, position: LogPosition, signal: AbortSignal): Promise<BackgroundLogs>;
  /**
   * Follows a program that was started with a terminal, and types at it. Only of agents with the feature `terminals`.
   * @param fromId first frame that is wanted
   * @param signal ends it, also while the records are read; the program goes on
   */
  attach(id: string, fromId: number, signal: AbortSignal): Promise<BackgroundTerminal>;
  /** signals the process group; resolves when that is done, not when the program has ended */
  kill(id: string, how: BackgroundKill, signal: AbortSignal): Promise<BackgroundKilled>;
  /** resolves when it has ended; aborting changes nothing about the program */
  wait(id: string, signal: AbortSignal): Promise<BackgroundEnd>;
  /** forgets a program that has ended; refused as `running` otherwise */
  reap(id: string, signal: AbortSignal): Promise<void>;
}
