/**
 * Where the daemon is and with which token: flags first, then the environment, then what a daemon on
 * this machine would use. The only file that knows the names of environment variables.
 */

import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { UsageError } from "./failure.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the connection flags hold; absent ones were not given. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly api?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

export interface Connection {
  /** URL or path of a Unix socket */
  readonly url: string;
  readonly token: string | undefined;
}

const DEFAULT_URL = "http://127.0.0.1:8080";

/** @throws UsageError for a token file that cannot be read */
export function connectionFrom(flags: ConnectionFlags, env: Environment): Connection {
  const url = flags.url ?? flags.api ?? setting(env, "ALCOVE_URL") ?? setting(env, "SLICER_URL");
  const token = givenToken(flags, env);
  if (url !== undefined) return { url, token };
  const socket = path.join(runtimeDir(env), "api.sock");
  if (isTrusted(socket)) return { url: socket, token };
  // The local daemon's own token is offered to the local daemon only, never to a given address.
  return { url: DEFAULT_URL, token: token ?? localToken(env) };
}

/** May this output be coloured? */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  return isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** The daemon keeps what it makes in its checkout unless told otherwise. */
const CHECKOUT = path.resolve(import.meta.dirname, "../../..");

export function stateDir(env: Environment): string {
  return setting(env, "ALCOVE_STATE_DIR") ?? path.join(CHECKOUT, ".alcove");
}

export function runtimeDir(env: Environment): string {
  const session = setting(env, "XDG_RUNTIME_DIR");
  const ofUser =
    session === undefined ? `/tmp/alcove-${process.getuid?.()}` : path.join(session, "alcove");
  return setting(env, "ALCOVE_RUNTIME_DIR") ?? (isRoot() ? "/run/alcove" : ofUser);
}

/** Is there a socket that root or this user made? Where anybody may write, anybody could put one. */
function isTrusted(socket: string): boolean {
  const owner = ownerOf(socket);
  return owner === 0 || (owner !== undefined && owner === process.getuid?.());
}

function ownerOf(file: string): number | undefined {
  try {
    return statSync(file).uid;
  } catch {
    return undefined; // there is none, or it is none of our business
  }
}

function localToken(env: Environment): string | undefined {
  const file = path.join(stateDir(env), "auth", "token");
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined; // no token file, or not ours to read: the daemon will say if it wants one
  }
}

function givenToken(flags: ConnectionFlags, env: Environment): string | undefined {
  if (flags.token !== undefined) return checked(flags.token);
  if (flags.tokenFile !== undefined) return tokenIn(flags.tokenFile);
  for (const prefix of ["ALCOVE", "SLICER"]) {
    const token = setting(env, `${prefix}_TOKEN`);
    if (token !== undefined) return checked(token);
    const file = setting(env, `${prefix}_TOKEN_FILE`);
    if (file !== undefined) return tokenIn(file);
  }
  return undefined;
}

function tokenIn(file: string): string {
  const expanded = file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : file;
  try {
    return checked(readFileSync(expanded, "utf8"));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The token file cannot be read: ${why}`, { cause });
  }
}

function checked(token: string): string {
  const trimmed = token.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new UsageError("The token is empty or holds characters that a token cannot have");
}

function setting(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
