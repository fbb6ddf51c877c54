/** What this machine reaches: names and addresses, over one family of the Internet Protocol at a time. */

import { lookup } from "node:dns/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";

import type {
  Connectivity,
  IpFamily,
  ProgramAnswer,
  ProgramCalls,
} from "#core/aleph/ports/connectivity.ts";
import { KIB } from "#lib/bytes.ts";
import { unlessAborted } from "#lib/patience.ts";

const FAMILIES: Readonly<Record<IpFamily, 4 | 6>> = { ipv4: 4, ipv6: 6 };

/** what is read of a program's answer; diagnostic ones say little */
const MAX_ANSWER_BYTES = 256 * KIB;

export const hostConnectivity: Connectivity = {
  async answers(url, family, signal) {
    try {
      await statusOf(new URL(url), FAMILIES[family], signal);
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  },

  async resolves(name, family, signal) {
    try {
      if (isIP(name) !== 0) return isIP(name) === FAMILIES[family];
      // The resolver of the C library has an end of its own, and cannot be called off.
      await unlessAborted(lookup(name, { family: FAMILIES[family] }), signal);
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  },
};

/**
 * The node's programs, called through its own front door.
 * @param base such as `http://127.0.0.1:4020`; asked for at each call, as the listener's port may be any
 */
export function programsAt(base: () => string): ProgramCalls {
  return {
    async call(vmId, path, signal): Promise<ProgramAnswer> {
      const answer = await fetch(`${base()}/vm/${vmId}${path}`, { signal, redirect: "manual" });
      return { status: answer.status, text: await boundedText(answer) };
    },
  };
}

async function boundedText(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body ?? []) {
    size += piece.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error("the program answers too much");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

async function statusOf(url: URL, family: 4 | 6, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  // A bare address in brackets is a name to the resolver; without them it is an address.
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  // An address is taken as it is, whatever family was asked for.
  if (isIP(hostname) !== 0 && isIP(hostname) !== family) throw new Error("of the other family");
  const options = { hostname, port: url.port, path: url.pathname + url.search, family, signal };
  const asked = send({ ...options, agent: false, headers: { host: url.host } }, (answer) => {
    resolve(answer.statusCode ?? 0);
    answer.destroy(); // that something answers is all that is asked
  });
  asked.on("error", reject);
  asked.end();
  return await promise;
}
