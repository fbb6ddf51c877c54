/** The way to a host from Node. */

import { HostApi } from "../host-api.ts";
import { parseEndpoint } from "./endpoint.ts";
import { HttpWire } from "./http-wire.ts";

export interface HostAddress {
  /** `http://` or `https://` URL without a path, or the path of a Unix socket */
  readonly baseURL: string;
  readonly token?: string;
  readonly userAgent?: string;
}

const DEFAULT_USER_AGENT = "alcove-sdk/0.1.0";

/** @throws AlcoveInputError for a URL that is none */
export function openWire({ baseURL, token, userAgent }: HostAddress): HttpWire {
  return new HttpWire({
    endpoint: parseEndpoint(baseURL),
    token,
    userAgent: userAgent ?? DEFAULT_USER_AGENT,
  });
}

/** The API as it is, for programs that show its own answers. @throws AlcoveInputError */
export function openHostApi(address: HostAddress): HostApi<Buffer> {
  return new HostApi(openWire(address));
}
