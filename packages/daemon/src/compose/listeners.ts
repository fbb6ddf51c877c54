/** Where the API is served: a Unix socket for the host's own user, and TCP with a token. */

import { rm } from "node:fs/promises";
import path from "node:path";

import type { FastifyPluginAsync } from "fastify";

import type { Config } from "#config/config.ts";
import type { Log } from "#core/ports/log.ts";
import { apiToken } from "#host/api-token.ts";
import { tokenCheck } from "#http/auth.ts";
import { application, type ListenAt, type Served, serve } from "#http/server.ts";
import { StartRefused } from "#lib/start-refused.ts";

export interface Listeners extends AsyncDisposable {
  /** the TCP port that was bound */
  readonly port: number;
  /** its file permissions are its access control */
  readonly socketPath: string;
}

export async function listen(
  config: Config,
  surfaces: readonly FastifyPluginAsync[],
  log: Log,
): Promise<Listeners> {
  await using opened = new AsyncDisposableStack();
  const open = async (at: ListenAt, token: string | undefined): Promise<Served> => {
    const check = token === undefined ? undefined : tokenCheck(token);
    return opened.use(await serve(await application(surfaces, check), at));
  };
  const tokenFile = path.join(config.stateDir, "auth/token");
  const token = config.auth === "on" ? await apiToken(tokenFile) : undefined;
  if (token === undefined) log.warn("host.auth_off", { address: config.listenAddress });
  const socketPath = path.join(config.runtimeDir, "api.sock");
  await rm(socketPath, { force: true }); // a killed daemon's; a living one would hold the directory's lock
  await open({ kind: "unix", path: socketPath }, undefined);
  const { listenAddress: address, listenPort } = config;
  const { port } = await open({ kind: "tcp", address, port: listenPort }, token).catch(portProblem);
  const all = opened.move();
  return { port, socketPath, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function portProblem(cause: unknown): never {
  const taken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
  if (!taken) throw cause;
  const message = `${cause.message}: another program listens there; stop it, or set ALCOVE_LISTEN_PORT`;
  throw new StartRefused(message, { cause });
}
