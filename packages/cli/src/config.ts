/**
 * Where the daemon is and with which token: flags first, then the environment, then what a daemon on
 * this machine would use. The only file that knows the names of environment variables.
 */

import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { EXIT } from "./exit-codes.ts";
import { CommandError, UsageError } from "./failure.ts";

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

/**
 * The token file of a local daemon is not read: whoever may read it may use the socket, and an
 * address with nobody behind it is anybody's to listen on.
 *
 * @throws UsageError for a token file that cannot be read
 * @throws CommandError where no address is named and no local daemon's socket is there
 */
export function connectionFrom(flags: ConnectionFlags, env: Environment): Connection {
  const url = flags.url ?? flags.api ?? setting(env, "ALCOVE_URL") ?? setting(env, "SLICER_URL");
  const token = givenToken(flags, env);
  return { url: url ?? localSocket(env), token };
}

/** What the flags of `aleph` verbs hold; absent ones were not given. */
export interface AlephFlags extends Pick<ConnectionFlags, "token" | "tokenFile"> {
  readonly node?: string;
  readonly allocationKeyFile?: string;
}

export interface AlephAccess {
  readonly node: URL;
  /** the administrator's; `undefined`: none was given */
  readonly token: string | undefined;
  /** of a wallet that may administer the node; comes before the token */
  readonly allocationKeyFile: string | undefined;
}

/** where a node listens unless it was told otherwise */
const DEFAULT_ALEPH_NODE = "http://localhost:4020";

/** @throws UsageError for what is no URL of a node, and for a token file that cannot be read */
export function alephAccessFrom(flags: AlephFlags, env: Environment): AlephAccess {
  const node = alephNodeFrom(flags, env);
  const { allocationKeyFile } = flags;
  if (allocationKeyFile !== undefined) return { node, token: undefined, allocationKeyFile };
  const token = tokenOf(flags, env, ["ALCOVE_ALEPH"]);
  return { node, token, allocationKeyFile };
}

/** Where sign-ins at Aleph nodes are kept, a file for each node. */
export function alephSignInDir(env: Environment): string {
  const ofUser = setting(env, "XDG_CONFIG_HOME") ?? path.join(homedir(), ".config");
  return path.join(ofUser, "alcove/aleph");
}

/** @throws UsageError */
export function alephNodeFrom({ node }: Pick<AlephFlags, "node">, env: Environment): URL {
  const text = node ?? setting(env, "ALCOVE_ALEPH_URL") ?? DEFAULT_ALEPH_NODE;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBare = url && url.pathname === "/" && !url.search && !url.hash && !url.username;
  if (isBare && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(
    `"${text}" is no URL of an Aleph node; write it as http://localhost:4020, without a path`,
  );
}

/** Where anybody may write, anybody could put a socket: it must be root's or this user's. */
function localSocket(env: Environment): string {
  const socket = path.join(runtimeDir(env), "api.sock");
  const owner = ownerOf(socket);
  if (owner === 0 || (owner !== undefined && owner === process.getuid?.())) return socket;
  const problem =
    owner === undefined
      ? `No Alcove daemon serves at ${socket} here.`
      : `The socket ${socket} is neither yours nor root's, so it is not used.`;
  throw new CommandError(problem, EXIT.unreachable, {
    code: "unreachable",
    advice: "Start one with `alcove up`, or say where it is with --url or ALCOVE_URL.",
  });
}

/** May this output be coloured? */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  return isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

function runtimeDir(env: Environment): string {
  const session = setting(env, "XDG_RUNTIME_DIR");
  const ofUser =
    session === undefined ? `/tmp/alcove-${process.getuid?.()}` : path.join(session, "alcove");
  return setting(env, "ALCOVE_RUNTIME_DIR") ?? (isRoot() ? "/run/alcove" : ofUser);
}

function ownerOf(file: string): number | undefined {
  try {
    return statSync(file).uid;
  } catch {
    return undefined; // there is none, or it is none of our business
  }
}

function givenToken(flags: ConnectionFlags, env: Environment): string | undefined {
  return tokenOf(flags, env, ["ALCOVE", "SLICER"]);
}

function tokenOf(
  flags: Pick<ConnectionFlags, "token" | "tokenFile">,
  env: Environment,
  prefixes: readonly string[],
): string | undefined {
  if (flags.token !== undefined) return checked(flags.token);
  if (flags.tokenFile !== undefined) return tokenIn(flags.tokenFile);
  for (const prefix of prefixes) {
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
