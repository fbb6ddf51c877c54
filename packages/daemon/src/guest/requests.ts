/** What the host says: typed requests → JSON payloads (docs/guest-protocol.md, section 4). Pure. */

import type { BackgroundKeep } from "#core/ports/guest-background.ts";
import type { GuestTarget } from "#core/ports/guest-connection.ts";
import type { GuestNewIdentity } from "#core/ports/guest-identity.ts";
import type {
  GuestConfiguration,
  GuestCopyIn,
  GuestCopyOut,
  GuestExec,
  GuestProgram,
  TerminalSize,
} from "#core/ports/guest-link.ts";
import type { GuestMakeDirectory, GuestPath, GuestRemove } from "#core/ports/guest-files.ts";
import type { GuestWatch } from "#core/ports/guest-watch.ts";

export const PROTOCOL_VERSION = 1;

/** One JSON object, ready to be sent; fields that are `undefined` are left out. */
export type Request = Readonly<Record<string, unknown>>;

export const healthRequest: Request = { op: "health" };
export const statsRequest: Request = { op: "stats" };
export const quiesceRequest: Request = { op: "quiesce" };

/** @param windowBytes what the guest may send on each stream before the host grants more */
export function helloMessage(windowBytes: number, now: Date): Request {
  return { protocol: PROTOCOL_VERSION, window: windowBytes, timeNs: nanoseconds(now) };
}

export function powerRequest(action: "poweroff" | "reboot"): Request {
  return { op: "power", action };
}

export function execRequest(exec: GuestExec): Request {
  const { env, cwd, user, stdin, stdout, stderr, pty } = exec;
  return { op: "exec", ...program(exec.program), env, cwd, user, stdin, stdout, stderr, pty };
}

export function copyInRequest(copy: GuestCopyIn): Request {
  const { path, format, user, mode, placement, unpackedSizeBytes } = copy;
  const unpackedSize = unpackedSizeBytes;
  return { op: "copyIn", path, format, user, mode, makeParents: true, placement, unpackedSize };
}

export function copyOutRequest(copy: GuestCopyOut): Request {
  const { path, format, user, exclude } = copy;
  return { op: "copyOut", path, format, user, exclude };
}

export function configureRequest(configuration: GuestConfiguration): Request {
  const { time, entropy, ...others } = configuration;
  const base64 = Buffer.from(entropy).toString("base64");
  return { op: "configure", ...others, timeNs: nanoseconds(time), entropy: base64 };
}

export function reidentifyRequest(identity: GuestNewIdentity): Request {
  const { time, entropy, ...others } = identity;
  const base64 = Buffer.from(entropy).toString("base64");
  return { op: "reidentify", ...others, timeNs: nanoseconds(time), entropy: base64 };
}

export function forwardRequest(to: GuestTarget): Request {
  const target = to.kind === "tcp" ? { host: to.host, port: to.port } : { unix: to.path };
  return { op: "forward", target };
}

export function statRequest({ path, user }: GuestPath): Request {
  return { op: "fs", action: "stat", path, user };
}

export function readDirectoryRequest({ path, user }: GuestPath): Request {
  return { op: "fs", action: "readdir", path, user };
}

export function makeDirectoryRequest(wanted: GuestMakeDirectory): Request {
  const { path, user, recursive, mode } = wanted;
  return { op: "fs", action: "mkdir", path, user, recursive, mode };
}

export function removeRequest({ path, user, recursive }: GuestRemove): Request {
  return { op: "fs", action: "remove", path, user, recursive };
}

/** An action on programs in the background, but for starting one. */
export function backgroundRequest(
  action: "list" | "logs" | "kill" | "wait" | "reap",
  about: Request,
): Request {
  return { op: "background", action, ...about };
}

export function backgroundStartRequest(exec: GuestExec, keep: BackgroundKeep): Request {
  const { env, cwd, user, stdout, stderr, pty } = exec;
  const how = { ...program(exec.program), env, cwd, user, stdout, stderr, pty };
  return { op: "background", action: "start", ...how, ...keep };
}

export function watchRequest(wanted: GuestWatch): Request {
  const { paths, patterns, types, recursive, user, debounceMs } = wanted;
  return { op: "watch", paths, patterns, events: types, recursive, user, debounceMs };
}

export function resizeControl({ cols, rows }: TerminalSize): Request {
  return { resize: { cols, rows } };
}

export function signalControl(signal: string): Request {
  return { signal };
}

function program(of: GuestProgram): Request {
  if (of.kind === "argv") return { argv: of.argv };
  if (of.kind === "shell") return { shell: of.shell, command: of.command, args: of.args };
  if (of.kind === "auto") return { auto: of.command };
  return { login: true, shell: of.shell };
}

/** nanoseconds since 1970 do not fit a JSON number */
function nanoseconds(time: Date): string {
  return (BigInt(time.getTime()) * 1_000_000n).toString();
}
