/** `config.api`: where the API is served, and who needs the token. */

import { isIP } from "node:net";

import type { MapReader } from "./map-reader.ts";

export interface ApiBlock {
  /** `false`: nothing is served at all */
  readonly enabled: boolean;
  /** `undefined` when only a socket is asked for */
  readonly tcp: TcpAddress | undefined;
  /** absolute path of a Unix socket, beside the daemon's own */
  readonly socketPath: string | undefined;
  /** `undefined`: not said, which means no token on TCP and none on the socket */
  readonly auth: "on" | "off" | undefined;
}

export interface TcpAddress {
  readonly address: string;
  /** 0 lets the system choose */
  readonly port: number;
}

const DEFAULT_ADDRESS = "127.0.0.1";
const DEFAULT_PORT = 8080;
/** what the kernel takes as the path of a socket */
const MAX_SOCKET_PATH_BYTES = 107;

/** @param near makes a path of the file absolute */
export function apiFrom(api: MapReader | undefined, near: (name: string) => string): ApiBlock {
  const defaults = { address: DEFAULT_ADDRESS, port: DEFAULT_PORT };
  if (!api) return { enabled: true, tcp: defaults, socketPath: undefined, auth: undefined };
  const block: ApiBlock = {
    enabled: api.boolean("enabled") ?? true,
    ...placesFrom(api, near),
    auth: authFrom(api.map("auth")),
  };
  api.finish();
  return block;
}

type Places = Pick<ApiBlock, "tcp" | "socketPath">;

/** `bind_address` is an address or, for Slicer on Linux, the path of a socket; on a Mac that is `socket`. */
function placesFrom(api: MapReader, near: (name: string) => string): Places {
  const bind = api.text("bind_address")?.replace(/:$/, "");
  const port = api.integer("port", [0, 65_535]);
  if (bind !== undefined && isPath(bind)) {
    if (api.isGiven("socket")) api.problem("socket", "and bind_address both name a socket");
    if (port !== undefined) api.warning("port", "does nothing: bind_address is a socket");
    return { tcp: undefined, socketPath: socketFrom(api, "bind_address", near(bind)) };
  }
  const socket = api.text("socket");
  const onlySocket = socket !== undefined && bind === undefined && port === undefined;
  const address = addressFrom(api, bind ?? DEFAULT_ADDRESS);
  return {
    tcp: onlySocket ? undefined : { address, port: port ?? DEFAULT_PORT },
    socketPath: socket === undefined ? undefined : socketFrom(api, "socket", near(socket)),
  };
}

function isPath(text: string): boolean {
  return text.includes("/") || text.endsWith(".sock");
}

function addressFrom(api: MapReader, text: string): string {
  if (isIP(text) === 0 && text !== "localhost") {
    api.problem("bind_address", `is "${text}"; it must be an address, or the path of a socket`);
  }
  return text;
}

function socketFrom(api: MapReader, key: string, file: string): string {
  if (Buffer.byteLength(file) > MAX_SOCKET_PATH_BYTES) {
    const why = `a socket's path has at most ${MAX_SOCKET_PATH_BYTES} bytes, and this is ${file}`;
    api.problem(key, `is too long: ${why}`);
  }
  return file;
}

/** A block that says nothing more means yes: whoever writes it wants a token. */
function authFrom(auth: MapReader | undefined): ApiBlock["auth"] {
  if (!auth) return undefined;
  const enabled = auth.boolean("enabled") ?? true;
  auth.finish();
  return enabled ? "on" : "off";
}
