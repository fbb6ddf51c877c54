/** Which requests become the WebSocket of a VM's logs; every other one that asks for an upgrade is plain HTTP. */

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import { pythonText } from "#core/aleph/execution/start-error.ts";

const PATH = /^\/control\/machine\/[^/?]+\/stream_logs(?:\?|$)/;
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSIONS = ["13", "8"];

/** Decides before anything else has seen the request. */
export function isLogUpgrade({ method, url, headers }: IncomingMessage): boolean {
  return method === "GET" && PATH.test(url ?? "") && upgradeProblem(headers) === undefined;
}

/** @returns what the reference says of a request that cannot become a WebSocket */
export function upgradeProblem(headers: IncomingHttpHeaders): string | undefined {
  const { upgrade, connection } = headers;
  if (upgrade?.trim().toLowerCase() !== "websocket") {
    return `No WebSocket UPGRADE hdr: ${upgrade ?? "None"}\n Can "Upgrade" only to "WebSocket".`;
  }
  if (connection?.toLowerCase().includes("upgrade") !== true)
    return `No CONNECTION upgrade hdr: ${connection ?? "None"}`;
  const version = headers["sec-websocket-version"] ?? "";
  if (!VERSIONS.includes(version)) return `Unsupported version: ${version}`;
  const key = headers["sec-websocket-key"];
  if (key === undefined) return "Handshake error: None";
  return KEY.test(key) ? undefined : `Handshake error: ${pythonText(key)}`;
}
