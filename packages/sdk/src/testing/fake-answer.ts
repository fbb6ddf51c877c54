/** A request that a fake host is asked, and the two ways it answers. Only for tests. */

import type { IncomingMessage, ServerResponse } from "node:http";

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** the path's segments, decoded */
  readonly at: readonly string[];
  readonly body: Buffer;
}

export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

export function fail(response: ServerResponse, status: number, code: string, error: string): void {
  json(response, status, { error, code });
}

export function bodyOf(call: Call): Record<string, unknown> {
  const value: Record<string, unknown> = JSON.parse(call.body.toString() || "{}");
  return value;
}
