/**
 * Where a host answers: a TCP address or a Unix socket.
 *
 * A text is a socket when it starts with `/`, `./`, `../`, `~/` or `unix://`, or ends in `.sock`;
 * anything else must be an `http://` or `https://` URL without a path, because the API is mounted
 * at the root.
 */

import { homedir } from "node:os";
import path from "node:path";

import { AlcoveInputError } from "../input-error.ts";

export type Endpoint = TcpEndpoint | UnixEndpoint;

export interface TcpEndpoint {
  readonly kind: "tcp";
  readonly secure: boolean;
  /** name or address, an IPv6 one without brackets */
  readonly hostname: string;
  readonly port: number;
}

export interface UnixEndpoint {
  readonly kind: "unix";
  /** absolute path */
  readonly socketPath: string;
}

const SOCKET_PREFIXES = ["/", "./", "../", "~/"];

/** @throws AlcoveInputError when the text is neither a socket path nor an http(s) URL */
export function parseEndpoint(text: string): Endpoint {
  const trimmed = text.trim();
  const socketPath = socketPathIn(trimmed);
  if (socketPath !== undefined) return { kind: "unix", socketPath };
  const url = urlIn(trimmed);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new AlcoveInputError(
      `"${trimmed}" is neither an http:// or https:// URL nor the path of a Unix socket`,
    );
  }
  if (url.pathname !== "/" || url.search || url.hash || url.username || url.password) {
    throw new AlcoveInputError(
      `"${trimmed}" must be scheme, host and port only: the API is mounted at the root`,
    );
  }
  const secure = url.protocol === "https:";
  const defaultPort = secure ? 443 : 80;
  return {
    kind: "tcp",
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port ? Number(url.port) : defaultPort,
  };
}

function urlIn(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined; // the caller says what it should have been
  }
}

/** The endpoint as a person would type it. */
export function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return endpoint.socketPath;
  const { secure, hostname, port } = endpoint;
  return `${secure ? "https" : "http"}://${bracketed(hostname)}:${port}`;
}

/** The value of the Host header; servers do not look at it on a Unix socket. */
export function hostHeader(endpoint: Endpoint): string {
  return endpoint.kind === "unix" ? "unix" : `${bracketed(endpoint.hostname)}:${endpoint.port}`;
}

function bracketed(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

function socketPathIn(text: string): string | undefined {
  if (text.startsWith("unix://")) return absolute(text.slice("unix://".length));
  const isPath = SOCKET_PREFIXES.some((prefix) => text.startsWith(prefix));
  const isUrl = /^https?:\/\//.test(text);
  return isPath || (!isUrl && text.endsWith(".sock")) ? absolute(text) : undefined;
}

function absolute(socketPath: string): string {
  return socketPath.startsWith("~/")
    ? path.join(homedir(), socketPath.slice(2))
    : path.resolve(socketPath);
}
