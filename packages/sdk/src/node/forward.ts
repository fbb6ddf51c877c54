/**
 * Ports and sockets of a guest, on this machine. Each connection is a WebSocket of its own, without
 * half-close: when one side ends, what was on its way is delivered and both are closed.
 */

import { once } from "node:events";
import net from "node:net";
import { type Duplex, pipeline } from "node:stream";

import { type ForwardSpec, type LocalAddress, parseUpstream } from "../forward-spec.ts";
import { AlcoveInputError } from "../input-error.ts";
import { systemCode } from "../errors.ts";
import { urlPath } from "../query.ts";
import type { HttpWire } from "./http-wire.ts";

/** Connections that one listener holds at once; more are closed as they come. */
const CONNECTION_LIMIT = 1024;

/** Where a forward listens. */
export interface ForwardListener {
  /** address that was bound; `undefined` for a socket */
  readonly host: string | undefined;
  /** port that was bound, also where 0 was asked for; `undefined` for a socket */
  readonly port: number | undefined;
  /** path of a socket; `undefined` for a port */
  readonly path: string | undefined;
  /** `host:port` or `unix:/path` in the guest */
  readonly upstream: string;
}

export interface ForwardOptions {
  readonly hostname: string;
  readonly specs: readonly ForwardSpec[];
  /** told of each connection that could not be made or broke; default: nobody is */
  readonly onError?: (error: Error, upstream: string) => void;
}

/** One raw connection to an address in a guest. @throws AlcoveApiError when it cannot be dialled */
export async function dial(
  wire: HttpWire,
  hostname: string,
  upstream: string,
  signal: AbortSignal,
): Promise<Duplex> {
  const headers = {
    "x-inlets-upstream": parseUpstream(upstream),
    "x-inlets-mode": "local",
    "x-inlets-client-id": "alcove",
  };
  const { createWebSocketStream } = await import("ws");
  const socket = await wire.webSocket(urlPath`/vm/${hostname}/forward`, headers, signal);
  const stream = createWebSocketStream(socket);
  const onAbort = (): void => void stream.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", onAbort));
  if (signal.aborted) stream.destroy();
  return stream;
}

export class Forward implements AsyncDisposable {
  readonly listeners: readonly ForwardListener[];
  readonly #servers: readonly net.Server[];
  readonly #controller: AbortController;

  private constructor(
    servers: readonly net.Server[],
    listeners: readonly ForwardListener[],
    controller: AbortController,
  ) {
    this.#servers = servers;
    this.listeners = listeners;
    this.#controller = controller;
  }

  /** Listens; all of the addresses or none. Abort closes it, connections included. */
  static async open(
    wire: HttpWire,
    { hostname, specs, onError }: ForwardOptions,
    signal: AbortSignal,
  ): Promise<Forward> {
    signal.throwIfAborted();
    if (specs.length === 0) throw new AlcoveInputError("What is to be forwarded? Give a spec");
    const controller = new AbortController();
    const servers: net.Server[] = [];
    const listeners: ForwardListener[] = [];
    try {
      for (const { local, upstream } of specs) {
        const connect = (): Promise<Duplex> => dial(wire, hostname, upstream, controller.signal);
        const tell = (error: Error): void => onError?.(error, upstream);
        const server = net.createServer((connection) => void carry(connection, connect, tell));
        server.maxConnections = CONNECTION_LIMIT;
        await listen(server, local);
        servers.push(server);
        listeners.push({ ...boundAddress(server, local), upstream });
      }
    } catch (error) {
      await closeAll(servers);
      throw error;
    }
    const forward = new Forward(servers, listeners, controller);
    const onAbort = (): void => void forward.close();
    signal.addEventListener("abort", onAbort, { once: true });
    controller.signal.addEventListener("abort", () => signal.removeEventListener("abort", onAbort));
    return forward;
  }

  /** Stops listening and drops the connections; harmless when repeated. */
  async close(): Promise<void> {
    this.#controller.abort(new Error("The forward was closed"));
    await closeAll(this.#servers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function carry(
  connection: net.Socket,
  connect: () => Promise<Duplex>,
  onError: (error: Error) => void,
): Promise<void> {
  connection.on("error", () => undefined); // told by the pipeline, or nobody is there to be told
  try {
    const tunnel = await connect();
    pipeline(connection, tunnel, connection, (error) => {
      // A client that leaves in the middle is its own business.
      if (error && systemCode(error) !== "ERR_STREAM_PREMATURE_CLOSE") onError(error);
    });
  } catch (error) {
    connection.destroy();
    onError(error instanceof Error ? error : new Error(String(error)));
  }
}

async function listen(server: net.Server, local: LocalAddress): Promise<void> {
  const where = local.kind === "tcp" ? `${local.host}:${local.port}` : local.path;
  try {
    if (local.kind === "tcp") server.listen({ host: local.host, port: local.port });
    else server.listen({ path: local.path });
    await once(server, "listening");
  } catch (cause) {
    const code = systemCode(cause);
    const why = code === undefined ? String(cause) : (WHY[code] ?? code);
    throw new AlcoveInputError(`Cannot listen on ${where}: ${why}`, { cause });
  }
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else does already",
  EADDRNOTAVAIL: "it is not an address of this machine; write host:port:host:port to name both",
  EACCES: "this user may not",
  ENOTFOUND: "there is no such host",
};

function boundAddress(server: net.Server, local: LocalAddress): Omit<ForwardListener, "upstream"> {
  if (local.kind === "unix") return { host: undefined, port: undefined, path: local.path };
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : local.port;
  return { host: local.host, port, path: undefined };
}

async function closeAll(servers: readonly net.Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
}
