/** Where the API is served: Unix sockets for users of this host, and TCP with a token. */

import { once } from "node:events";
import { lstat, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import path from "node:path";

import type { FastifyPluginAsync } from "fastify";

import type { Config } from "#config/config.ts";
import type { Log } from "#core/ports/log.ts";
import { apiToken } from "#host/api-token.ts";
import { application, type ListenAt, type Served, serve } from "#http/server.ts";
import { StartRefused } from "#lib/start-refused.ts";

import type { SignIn } from "./sign-in.ts";

export interface Listeners extends AsyncDisposable {
  /** the TCP port that was bound; `undefined` when nothing listens on TCP */
  readonly port: number | undefined;
  /** the daemon's own socket, whose file permissions are its access control; `undefined` when the API is off */
  readonly socketPath: string | undefined;
}

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;
const CONNECT_MS = 2_000;

export async function listen(
  config: Config,
  surfaces: readonly FastifyPluginAsync[],
  signIn: SignIn,
  log: Log,
): Promise<Listeners> {
  await using opened = new AsyncDisposableStack();
  const open = async (at: ListenAt, auth: "on" | "off"): Promise<Served> => {
    const token =
      auth === "on" ? await apiToken(path.join(config.stateDir, "auth/token")) : undefined;
    const lock = token === undefined ? undefined : signIn.lockFor(token);
    return opened.use(await serve(await application(surfaces, lock), at));
  };
  const { ownSocket, socket, tcp } = config.api;
  const socketPath = ownSocket === "on" ? path.join(config.runtimeDir, "api.sock") : undefined;
  if (socketPath !== undefined) {
    await rm(socketPath, { force: true }); // a killed daemon's; a living one would hold the directory's lock
    await open({ kind: "unix", path: socketPath }, "off");
  }
  if (socket) {
    await makeRoomFor(socket.path);
    await open({ kind: "unix", path: socket.path }, socket.auth).catch(socketProblem);
  }
  if (tcp) warnOfTcp(tcp, log);
  const served = tcp ? await open({ kind: "tcp", ...tcp }, tcp.auth).catch(portProblem) : undefined;
  if (tcp && served) signIn.servesAt(tcp.address, served.port);
  const all = opened.move();
  return { port: served?.port, socketPath, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Whoever may send a request is root in every guest; without a token that is whoever can connect. */
function warnOfTcp({ address, auth }: NonNullable<Config["api"]["tcp"]>, log: Log): void {
  if (auth === "on") return;
  const reason = "No token is asked for: every user of this host may do everything with its VMs";
  log.warn("host.auth_off", { address, reason });
  if (LOOPBACK.test(address)) return;
  const danger =
    "ANYBODY who reaches this address may do everything with this host's VMs: turn auth on, or listen on 127.0.0.1";
  log.warn("host.open_to_network", { address, reason: danger });
}

/** Removes the socket of a daemon that is gone, and nothing else. */
async function makeRoomFor(file: string): Promise<void> {
  const there = await lstat(file).catch(() => undefined);
  if (!there?.isSocket()) return; // binding says what is in the way, if anything is
  const connection = createConnection({ path: file });
  try {
    await once(connection, "connect", { signal: AbortSignal.timeout(CONNECT_MS) });
  } catch (error) {
    const dead = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
    if (dead) return await rm(file, { force: true });
    throw error;
  } finally {
    connection.destroy();
  }
  throw new StartRefused(`Another program listens on ${file}: stop it, or name another socket`);
}

function socketProblem(cause: unknown): never {
  if (!(cause instanceof Error && "code" in cause)) throw cause;
  const message = `${cause.message}: name a path in the configuration's api block where a socket can be made`;
  throw new StartRefused(message, { cause });
}

const PORT_REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; stop it, or set ALCOVE_LISTEN_PORT",
  EADDRNOTAVAIL: "this host has no such address; name one of its own",
  EACCES: "only root may listen there; start the daemon as root, or name a port above 1023",
};

function portProblem(cause: unknown): never {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const remedy = PORT_REMEDIES[code];
  if (remedy === undefined || !(cause instanceof Error)) throw cause;
  throw new StartRefused(`${cause.message}: ${remedy}`, { cause });
}
