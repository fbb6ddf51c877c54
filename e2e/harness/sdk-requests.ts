/**
 * Requests as Slicer's two SDKs and curl put them on the wire: header for header, in their order,
 * with their encoding of a query. Contract 1.6.
 */

import type { Headers, RawRequest } from "./raw-http.ts";

export type Pairs = readonly (readonly [name: string, value: string])[];

export interface Wanted {
  readonly method: string;
  /** already encoded */
  readonly path: string;
  readonly query?: Pairs;
  readonly json?: unknown;
  readonly body?: Buffer;
  readonly contentType?: string;
  /** sends the body, framed by the caller, in chunks */
  readonly chunked?: true;
  readonly accept?: string;
  /** Go's own `Go-http-client/1.1`: what exec and WebSockets send */
  readonly anonymous?: true;
}

export interface Client {
  readonly name: string;
  request(wanted: Wanted): RawRequest;
  /** headers of an upgrade, without the key */
  upgrade(): Headers;
}

/** Go sorts a query by name and writes Host and User-Agent first, Accept-Encoding last. */
export function goClient(token: string, host = "127.0.0.1"): Client {
  const authorization = ["Authorization", `Bearer ${token}`] as const;
  return {
    name: "Go",
    request(wanted) {
      const { method, accept, anonymous } = wanted;
      const userAgent = anonymous ? "Go-http-client/1.1" : "slicer-sdk-go/1.0";
      const headers: Headers = [
        ["Host", host],
        ["User-Agent", userAgent],
        ...framing(wanted),
        ...(accept === undefined ? [] : [["Accept", accept] as const]),
        authorization,
        ...contentType(wanted),
        ...(method === "HEAD" ? [] : [["Accept-Encoding", "gzip"] as const]),
      ];
      const sorted = (wanted.query ?? []).toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
      return requestOf(wanted, headers, sorted);
    },
    upgrade: () => [
      ["Host", host],
      ["User-Agent", "Go-http-client/1.1"],
      authorization,
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Version", "13"],
      ["Upgrade", "websocket"],
    ],
  };
}

/** The TypeScript SDK keeps a query's order, asks for no encoding, and its WebSockets offer compression. */
export function typescriptClient(token: string, host = "localhost"): Client {
  const authorization = ["Authorization", `Bearer ${token}`] as const;
  const userAgent = ["User-Agent", "slicer-sdk-ts/0.1.0"] as const;
  return {
    name: "TypeScript",
    request(wanted) {
      const { accept } = wanted;
      const headers: Headers = [
        userAgent,
        authorization,
        ...contentType(wanted),
        ...(accept === undefined ? [] : [["Accept", accept] as const]),
        ["Host", host],
        ["Connection", "keep-alive"],
        ...framing(wanted),
      ];
      return requestOf(wanted, headers, wanted.query ?? []);
    },
    upgrade: () => [
      ["Sec-WebSocket-Version", "13"],
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      userAgent,
      authorization,
      ["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"],
      ["Host", host],
    ],
  };
}

/** curl, for what only it does. */
export function curlClient(token: string, host = "127.0.0.1"): Client {
  return {
    name: "curl",
    request(wanted) {
      const headers: Headers = [
        ["Host", host],
        ["User-Agent", "curl/7.88.1"],
        ["Accept", wanted.accept ?? "*/*"],
        ["Authorization", `Bearer ${token}`],
        ...framing(wanted),
        ...contentType(wanted),
      ];
      return requestOf(wanted, headers, wanted.query ?? []);
    },
    upgrade: () => [
      ["Host", host],
      ["Authorization", `Bearer ${token}`],
      ["Connection", "keep-alive, Upgrade"],
      ["Upgrade", "WebSocket"],
      ["Sec-WebSocket-Version", "13"],
    ],
  };
}

function requestOf(wanted: Wanted, headers: Headers, query: Pairs): RawRequest {
  const body = bodyOf(wanted);
  const pairs = query.map(([name, value]): [string, string] => [name, value]);
  const encoded = new URLSearchParams(pairs).toString();
  const target = encoded === "" ? wanted.path : `${wanted.path}?${encoded}`;
  return { method: wanted.method, target, headers, ...(body ? { body } : {}) };
}

function bodyOf({ json, body }: Wanted): Buffer | undefined {
  return json === undefined ? body : Buffer.from(JSON.stringify(json));
}

/** A POST without a body says so; a GET says nothing. */
function framing(wanted: Wanted): Headers {
  if (wanted.chunked) return [["Transfer-Encoding", "chunked"]];
  const body = bodyOf(wanted);
  if (body) return [["Content-Length", String(body.length)]];
  return /^(POST|PUT|PATCH)$/.test(wanted.method) ? [["Content-Length", "0"]] : [];
}

function contentType({ json, contentType: given }: Wanted): Headers {
  if (given !== undefined) return [["Content-Type", given]];
  return json === undefined ? [] : [["Content-Type", "application/json"]];
}
