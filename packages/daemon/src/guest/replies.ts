/** What the guest says: JSON payloads → typed messages, all of it checked (`fields.ts`). Pure. */

import { AlcoveError } from "#core/errors.ts";
import {
  GUEST_FAILURE_CODES,
  type GuestCopied,
  type GuestHealth,
  type GuestIdentity,
  type GuestStats,
  type ProcessEnd,
} from "#core/ports/guest-link.ts";

import {
  countOf,
  type Fields,
  fieldsOf,
  flagOf,
  has,
  instantOf,
  numberOf,
  oneLine,
  oneOf,
  textOf,
  textsOf,
} from "./fields.ts";
import { BrokenStream } from "./frames.ts";

export const MIN_WINDOW_BYTES = 16 * 1024;
export const MAX_WINDOW_BYTES = 4 * 1024 * 1024;

const REFUSAL_CHARS = 500;
const NAME_CHARS = 255;
const PATH_CHARS = 4096;
const MAX_FEATURES = 64;
const MAX_APPLIED = 32;

export interface Welcome {
  readonly protocol: number;
  /** credit the host has at first on each stream, in bytes */
  readonly windowBytes: number;
  readonly identity: GuestIdentity;
}

/** The protocol a guest speaks; the rest of a WELCOME means something only if it is ours. */
export function protocolOf(fields: Fields): number {
  return countOf(fields, "protocol", 65_535);
}

export function readWelcome(fields: Fields): Welcome {
  const windowBytes = countOf(fields, "window", MAX_WINDOW_BYTES);
  if (windowBytes < MIN_WINDOW_BYTES) throw new BrokenStream(`a window of ${windowBytes} bytes`);
  return {
    protocol: protocolOf(fields),
    windowBytes,
    identity: {
      version: textOf(fields, "agent", NAME_CHARS),
      bootId: textOf(fields, "bootId", NAME_CHARS),
      init: oneOf(fields, "init", ["alcove", "systemd"]),
      features: textsOf(fields, "features", { items: MAX_FEATURES, chars: NAME_CHARS }),
    },
  };
}

/** `undefined` when the agent did what was asked; otherwise what it says hindered it. */
export function refusalIn(fields: Fields): AlcoveError<"guest_refused"> | undefined {
  if (flagOf(fields, "ok")) return undefined;
  const reason = oneOf(fields, "code", GUEST_FAILURE_CODES);
  const said = fields["message"];
  const message = typeof said === "string" ? oneLine(said, REFUSAL_CHARS - 1) : "";
  const text = message.trim() === "" ? `The guest refused: ${reason}` : message;
  return new AlcoveError("guest_refused", text, { reason });
}

export function readHealth(fields: Fields): GuestHealth {
  const userdata = fieldsOf(fields, "userdata");
  return {
    agentVersion: textOf(fields, "agentVersion", NAME_CHARS),
    agentUptimeNs: numberOf(fields, "agentUptimeNs"),
    systemUptimeNs: numberOf(fields, "systemUptimeNs"),
    hostname: textOf(fields, "hostname", NAME_CHARS),
    bootId: textOf(fields, "bootId", NAME_CHARS),
    userdata: {
      ran: flagOf(userdata, "ran"),
      exitCode: has(userdata, "exitCode") ? countOf(userdata, "exitCode", 255) : undefined,
    },
  };
}

export function readStats(fields: Fields): GuestStats {
  const snapshot = fieldsOf(fields, "snapshot");
  const number = (name: string) => numberOf(snapshot, name);
  const count = (name: string) => countOf(snapshot, name);
  return {
    hostname: textOf(snapshot, "hostname", NAME_CHARS),
    arch: textOf(snapshot, "arch", NAME_CHARS),
    takenAt: instantOf(snapshot, "timestampNs"),
    uptimeNs: number("uptimeNs"),
    totalCpus: count("totalCpus"),
    totalMemory: count("totalMemory"),
    memoryUsed: count("memoryUsed"),
    memoryAvailable: count("memoryAvailable"),
    memoryUsedPercent: number("memoryUsedPercent"),
    loadAvg1: number("loadAvg1"),
    loadAvg5: number("loadAvg5"),
    loadAvg15: number("loadAvg15"),
    diskReadTotal: count("diskReadTotal"),
    diskWriteTotal: count("diskWriteTotal"),
    diskIOInflight: count("diskIOInflight"),
    diskSpaceTotal: count("diskSpaceTotal"),
    diskSpaceUsed: count("diskSpaceUsed"),
    diskSpaceFree: count("diskSpaceFree"),
    diskSpaceUsedPercent: number("diskSpaceUsedPercent"),
    networkReadTotal: count("networkReadTotal"),
    networkWriteTotal: count("networkWriteTotal"),
    openConnections: count("openConnections"),
    openFiles: count("openFiles"),
    entropy: count("entropy"),
  };
}

export function readApplied(fields: Fields): readonly string[] {
  return textsOf(fields, "applied", { items: MAX_APPLIED, chars: NAME_CHARS });
}

/** @returns the pid in a `started` event */
export function readStarted(fields: Fields): number {
  return countOf(fieldsOf(fields, "started"), "pid", 2 ** 31 - 1);
}

export function readProcessEnd(fields: Fields): ProcessEnd {
  const signal = has(fields, "signal") ? textOf(fields, "signal", 16) : undefined;
  return { exitCode: countOf(fields, "exitCode", 255), signal };
}

export function readCopied(fields: Fields): GuestCopied {
  return {
    path: textOf(fields, "path", PATH_CHARS),
    bytes: countOf(fields, "bytes"),
    files: countOf(fields, "files"),
    directories: countOf(fields, "directories"),
    skipped: countOf(fields, "skipped"),
  };
}

/** What a `source` event says is going to be copied out. */
export interface SourceFacts {
  readonly type: "file" | "directory";
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly mode: number;
}

export function readSource(fields: Fields): SourceFacts {
  const source = fieldsOf(fields, "source");
  const type = oneOf(source, "type", ["file", "directory"]);
  return {
    type,
    name: textOf(source, "name", NAME_CHARS),
    sizeBytes: type === "file" ? countOf(source, "size") : undefined,
    mode: countOf(source, "mode", 0o7777),
  };
}

/** @returns the number of bytes the guest says it sent */
export function readSent(fields: Fields): number {
  return countOf(fields, "bytes");
}
