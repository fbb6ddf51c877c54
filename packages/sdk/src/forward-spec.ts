/**
 * What is forwarded: a local address to listen on and one that is dialled in the guest. Written as
 * Slicer's clients read it:
 *
 *     host:port                 listens on, and dials, the same address
 *     port:host:port            listens on `host` too
 *     host:port:host:port
 *     [host:]port:/socket       a socket of the guest, on a local port (127.0.0.1 without a host)
 *     /socket:/socket, /socket:host:port
 *
 * An IPv6 address stands in brackets. Local port 0 is any free one.
 */

import { AlcoveInputError } from "./input-error.ts";

export type LocalAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface ForwardSpec {
  readonly local: LocalAddress;
  /** `host:port` or `unix:/path`, seen from inside the guest */
  readonly upstream: string;
}

const MAX_PORT = 65_535;
const LOOPBACK = "127.0.0.1";
const HOST = String.raw`(\[[0-9a-fA-F:.%]+\]|[^:/[\]\s]+)`;
const PORT = String.raw`(\d{1,5})`;
/** It becomes a header's value. */
const SOCKET = String.raw`(/[^\0\r\n]+)`;
const FORMS = {
  same: new RegExp(`^${HOST}:${PORT}$`),
  portThenTcp: new RegExp(`^${PORT}:${HOST}:${PORT}$`),
  tcpThenTcp: new RegExp(`^${HOST}:${PORT}:${HOST}:${PORT}$`),
  tcpThenSocket: new RegExp(`^(?:${HOST}:)?${PORT}:${SOCKET}$`),
  socketThenSocket: new RegExp(`^(/[^:]*):${SOCKET}$`),
  socketThenTcp: new RegExp(`^(/[^:]*):${HOST}:${PORT}$`),
  socket: new RegExp(`^(?:unix:)?${SOCKET}$`),
} as const;

/** @throws AlcoveInputError for a text that is none of the forms */
export function parseForwardSpec(text: string): ForwardSpec {
  const spec = fromTcp(text) ?? fromSocket(text);
  if (spec) return spec;
  throw new AlcoveInputError(
    `"${text}" forwards nothing: write [[host:]port:]host:port, [host:]port:/socket or /socket:/socket`,
  );
}

/** @returns `host:port` or `unix:/path` @throws AlcoveInputError for anything else */
export function parseUpstream(text: string): string {
  const [, path] = FORMS.socket.exec(text) ?? [];
  if (path !== undefined) return `unix:${path}`;
  const [, host = "", port = ""] = FORMS.same.exec(text) ?? [];
  if (host !== "") return `${host}:${portIn(port, 1)}`;
  throw new AlcoveInputError(`"${text}" is neither host:port nor the path of a socket`);
}

function fromTcp(text: string): ForwardSpec | undefined {
  const same = FORMS.same.exec(text);
  if (same) return tcp([same[1], same[2]], [same[1], same[2]]);
  const short = FORMS.portThenTcp.exec(text);
  if (short) return tcp([short[2], short[1]], [short[2], short[3]]);
  const full = FORMS.tcpThenTcp.exec(text);
  if (full) return tcp([full[1], full[2]], [full[3], full[4]]);
  const [, host, port, path] = FORMS.tcpThenSocket.exec(text) ?? [];
  if (path === undefined) return undefined;
  return { local: localTcp(host ?? LOOPBACK, port), upstream: `unix:${path}` };
}

function fromSocket(text: string): ForwardSpec | undefined {
  const [, local, remote] = FORMS.socketThenSocket.exec(text) ?? [];
  if (local !== undefined)
    return { local: { kind: "unix", path: local }, upstream: `unix:${remote}` };
  const [, path, host, port] = FORMS.socketThenTcp.exec(text) ?? [];
  if (path === undefined) return undefined;
  return { local: { kind: "unix", path }, upstream: `${host}:${portIn(port, 1)}` };
}

type HostAndPort = readonly [host: string | undefined, port: string | undefined];

function tcp([host, port]: HostAndPort, [upHost, upPort]: HostAndPort): ForwardSpec {
  return {
    local: localTcp(host ?? LOOPBACK, port),
    upstream: `${upHost}:${portIn(upPort, 1)}`,
  };
}

function localTcp(host: string, port: string | undefined): LocalAddress {
  return { kind: "tcp", host: host.replace(/^\[|\]$/g, ""), port: portIn(port, 0) };
}

function portIn(text: string | undefined, least: number): number {
  const port = Number(text);
  if (port >= least && port <= MAX_PORT) return port;
  throw new AlcoveInputError(`"${text}" is not a port: ${least} to ${MAX_PORT}`);
}
