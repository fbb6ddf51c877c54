/**
 * The port to the agent inside one VM.
 *
 * The core says what it wants done in a guest and never how it travels:
 * frames, credit and sockets are `guest/`'s. Shapes follow docs/guest-protocol.md.
 */

import type { BackgroundKeep, BackgroundStart, GuestBackground } from "./guest-background.ts";
import type { GuestConnection, GuestTarget } from "./guest-connection.ts";
import type { GuestEntry, GuestMakeDirectory, GuestPath, GuestRemove } from "./guest-files.ts";
import type { GuestNewIdentity, GuestReceipt, GuestStillness } from "./guest-identity.ts";
import type { GuestNetwork } from "./guest-network.ts";
import type { GuestUser } from "./guest-user.ts";
import type { GuestChange, GuestWatch } from "./guest-watch.ts";
import type { TerminalSize } from "./terminal-size.ts";

export type { TerminalSize };

/** Why an agent refused; the closed list of docs/guest-protocol.md, section 4. */
export const GUEST_FAILURE_CODES = [
  "bad_request",
  "not_found",
  "is_directory",
  "not_directory",
  "permission",
  "exists",
  "no_space",
  "unsafe_path",
  "bad_archive",
  "not_executable",
  "busy",
  "gone",
  "running",
  "cancelled",
  "unsupported",
  "io",
] as const;

export type GuestFailureCode = (typeof GUEST_FAILURE_CODES)[number];

/** The session with the agent is over, and with it all that was going on in it. */
export class SessionLost extends Error {
  override readonly name = "SessionLost";
}

/** Opens the agent channel of a machine. */
export interface GuestDialer {
  /**
   * Connects and agrees on a session. A channel that is not there yet, or an agent that is still
   * booting, is waited for until `signal` aborts. Rejects with its reason, with `SessionLost` when
   * what answers breaks the protocol, or as refused when the agent speaks another protocol.
   * @param endpoint what `Machine.agentEndpoint` says
   */
  dial(endpoint: string, signal: AbortSignal): Promise<GuestLink>;
}

/** One session with an agent. Disposing closes it; the guest then ends what the session had started. */
export interface GuestLink extends AsyncDisposable {
  readonly agent: GuestIdentity;
  /** settles once, with the reason, when the session is over; never rejects */
  readonly closed: Promise<Error>;
  /** how long the last sign of life took, in `ms`; `undefined` before the first, or where none is asked for */
  readonly latencyMs?: number | undefined;
  /** while held, silence from the guest is not taken for death (its vCPUs are stopped) */
  holdLiveness(): Disposable;

  health(signal: AbortSignal): Promise<GuestHealth>;
  stats(signal: AbortSignal): Promise<GuestStats>;
  /** @returns the names of the parts that were applied */
  configure(configuration: GuestConfiguration, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Has the guest write everything to its disks and hold still there: what would write waits. It goes on when this
   * is released, and by itself when the session ends.
   * @param signal aborts it; then, as when the guest cannot, nothing is held
   */
  quiesce(signal: AbortSignal): Promise<GuestStillness>;
  /**
   * Makes a guest that has another's memory somebody of its own. It answers only when all of it is done.
   * Doing it twice does no harm.
   */
  reidentify(identity: GuestNewIdentity, signal: AbortSignal): Promise<GuestReceipt>;
  power(action: "poweroff" | "reboot", signal: AbortSignal): Promise<void>;
  /** @param signal aborts the start; once started, use `GuestProcess.cancel` */
  exec(request: GuestExec, signal: AbortSignal): Promise<GuestProcess>;
  /**
   * @param content a piece is not looked at any more once the next one is asked for
   * @param signal aborts the copy, which then leaves no trace
   */
  copyIn(
    request: GuestCopyIn,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<GuestCopied>;
  /** @param signal aborts the copy, also while its content is read */
  copyOut(request: GuestCopyOut, signal: AbortSignal): Promise<GuestSource>;
  /** @param signal aborts the connecting; once connected, use `GuestConnection.cancel` */
  forward(target: GuestTarget, signal: AbortSignal): Promise<GuestConnection>;
  /** what is at a path; of a symbolic link, the link itself */
  stat(at: GuestPath, signal: AbortSignal): Promise<GuestEntry>;
  /**
   * What is in a directory, without `.` and `..`, in no order, however many they are. Refused before
   * the first entry; once begun, read it to its end or leave it: leaving stops the guest.
   * @param signal aborts it, also while the entries are read
   */
  readDirectory(at: GuestPath, signal: AbortSignal): Promise<AsyncIterable<GuestEntry>>;
  makeDirectory(request: GuestMakeDirectory, signal: AbortSignal): Promise<void>;
  /** refused with `bad_request` for `/` and for a directory that is not empty, unless `recursive` */
  remove(request: GuestRemove, signal: AbortSignal): Promise<void>;
  /** Starts a program that goes on without this session. It has no stdin but its terminal, if it has one. */
  startInBackground(
    program: GuestExec,
    keep: BackgroundKeep,
    signal: AbortSignal,
  ): Promise<BackgroundStart>;
  readonly background: GuestBackground;
  /**
   * Changes from now on, in order; ends when nothing is left to be watched. Refused before the first;
   * once begun, read it to its end or leave it: leaving stops the guest.
   * @param signal aborts it, also while the changes are read
   */
  watch(wanted: GuestWatch, signal: AbortSignal): Promise<AsyncIterable<GuestChange>>;
  /** how much is going on in this session now: commands, copies, connections … */
  readonly openStreams: number;
}

export interface GuestIdentity {
  readonly version: string;
  readonly bootId: string;
  readonly init: "alcove" | "systemd";
  readonly features: readonly string[];
}

export interface GuestHealth {
  readonly agentVersion: string;
  /** nanoseconds */
  readonly agentUptimeNs: number;
  /** nanoseconds */
  readonly systemUptimeNs: number;
  readonly hostname: string;
  readonly bootId: string;
  readonly userdata: { readonly ran: boolean; readonly exitCode: number | undefined };
}

/** What the guest's meter reads; bytes, counts and percentages, as Slicer's `snapshot` has them. */
export interface GuestStats {
  readonly hostname: string;
  readonly arch: string;
  readonly takenAt: Date;
  /** nanoseconds */
  readonly uptimeNs: number;
  readonly totalCpus: number;
  readonly totalMemory: number;
  readonly memoryUsed: number;
  readonly memoryAvailable: number;
  readonly memoryUsedPercent: number;
  readonly loadAvg1: number;
  readonly loadAvg5: number;
  readonly loadAvg15: number;
  readonly diskReadTotal: number;
  readonly diskWriteTotal: number;
  readonly diskIOInflight: number;
  readonly diskSpaceTotal: number;
  readonly diskSpaceUsed: number;
  readonly diskSpaceFree: number;
  readonly diskSpaceUsedPercent: number;
  readonly networkReadTotal: number;
  readonly networkWriteTotal: number;
  readonly openConnections: number;
  readonly openFiles: number;
  readonly entropy: number;
}

export interface GuestConfiguration {
  readonly hostname: string;
  /** 32 hexadecimal digits, for a guest that has none yet */
  readonly machineId: string | undefined;
  readonly network: GuestNetwork | undefined;
  readonly time: Date;
  readonly entropy: Uint8Array;
  /** whether the root file system is to take the whole disk */
  readonly growRoot: boolean;
  readonly sshKeys: readonly string[];
  readonly userdata: string | undefined;
}

export type GuestProgram =
  | { readonly kind: "argv"; readonly argv: readonly string[] }
  | {
      readonly kind: "shell";
      readonly shell: string;
      readonly command: string;
      readonly args: readonly string[];
    }
  /** run directly when it is one plain word that resolves, else by a shell */
  | { readonly kind: "auto"; readonly command: string }
  | { readonly kind: "login"; readonly shell: string | undefined };

export interface GuestExec {
  readonly program: GuestProgram;
  /** `KEY=VALUE`, added to the user's base environment in this order */
  readonly env: readonly string[];
  readonly cwd: string | undefined;
  readonly user: GuestUser;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** a pseudo-terminal of this size, or none */
  readonly pty: TerminalSize | undefined;
}

export interface ProcessOutput {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

export interface ProcessEnd {
  /** 128 + signal number when a signal ended it */
  readonly exitCode: number;
  /** without `SIG` */
  readonly signal: string | undefined;
}

/** A process in the guest. Its output must be read: unread output stops the process by back-pressure. */
export interface GuestProcess {
  readonly pid: number;
  /** ends when all output has come; rejects if the session breaks first */
  readonly output: AsyncIterable<ProcessOutput>;
  /** settles after the last output; rejects if the session breaks first or the process was cancelled */
  readonly ended: Promise<ProcessEnd>;
  /** resolves once the bytes are on their way (credit was there); they must not be changed afterwards */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  endInput(): void;
  resize(size: TerminalSize): void;
  kill(signal: string): void;
  /** kills the process group; harmless when it has ended */
  cancel(): void;
}

export type CopyPlacement =
  | { readonly kind: "exact" }
  /** like `cp -r`: below an existing directory unless `contents` */
  | { readonly kind: "cp"; readonly sourceName: string; readonly contents: boolean };

export interface GuestCopyIn {
  readonly path: string;
  readonly format: "file" | "tar";
  readonly user: GuestUser;
  /** permission bits, or `undefined` to keep or default */
  readonly mode: number | undefined;
  readonly placement: CopyPlacement;
  /** sum of the files' sizes in bytes when the caller knows it: refused early if it cannot fit */
  readonly unpackedSizeBytes: number | undefined;
}

export interface GuestCopied {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
  readonly directories: number;
  readonly skipped: number;
}

export interface GuestCopyOut {
  readonly path: string;
  readonly format: "file" | "tar" | "any";
  readonly user: GuestUser;
  readonly exclude: readonly string[];
}

/** What is being copied out; `content` must be read to its end or cancelled, and its pieces are the reader's own. */
export interface GuestSource {
  readonly type: "file" | "directory";
  /** base name of the source; from the guest, so not to be trusted as a path or header */
  readonly name: string;
  /** `undefined` for a directory */
  readonly sizeBytes: number | undefined;
  readonly mode: number;
  /** rejects if the guest fails in the middle: never a padded success */
  readonly content: AsyncIterable<Uint8Array>;
  cancel(): void;
}
