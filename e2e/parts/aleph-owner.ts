/** A wallet that operates its VMs on an Aleph node, with a signature for each request, and watches their logs. */

import { RawConnection, type RawHead, webSocketKey } from "../harness/raw-http.ts";
import { inTime } from "../harness/until.ts";
import {
  shortLivedKey,
  signedParts,
  type SignedParts,
  type TestWallet,
} from "../../packages/daemon/src/testing/aleph-signers.ts";

/** what tests' nodes are called, and clients sign for */
const DOMAIN = "localhost";
const STREAM_MS = 20_000;
const CLOCK = { now: () => new Date() };

/** What a log stream was sent, and the code that it was closed with; `undefined` when it was left. */
export interface Watched {
  readonly frames: readonly string[];
  readonly code: number | undefined;
}

export class AlephOwner {
  readonly wallet: TestWallet;
  readonly #key = shortLivedKey();

  constructor(wallet: TestWallet) {
    this.wallet = wallet;
  }

  get address(): string {
    return this.wallet.address;
  }

  /** @param path without its query: that is not signed */
  headers(method: string, path: string): Record<string, string> {
    const { pubKey, operation } = this.signed({ method, path });
    return {
      "x-signedpubkey": JSON.stringify(pubKey),
      "x-signedoperation": JSON.stringify(operation),
    };
  }

  /** the first message to a log stream. @param operation in place of what a client would say */
  greeting(operation: Readonly<Record<string, unknown>> = {}): string {
    const { pubKey, operation: signed } = this.signed({ method: "GET", path: "/", ...operation });
    return JSON.stringify({ auth: { "X-SignedPubKey": pubKey, "X-SignedOperation": signed } });
  }

  signed(operation: Readonly<Record<string, unknown>>): SignedParts {
    const { wallet } = this;
    const claim = { domain: DOMAIN };
    const said = { domain: DOMAIN, ...operation };
    return signedParts({ wallet, key: this.#key, clock: CLOCK, claim, operation: said });
  }
}

/** Says one thing to a log stream and hears what comes, until it is closed or there is enough. */
export async function watchLogs(
  url: string,
  first: string | Buffer,
  isEnough: (frame: string) => boolean = () => false,
): Promise<Watched> {
  const socket = new WebSocket(url);
  const frames: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Watched>();
  socket.addEventListener("open", () => socket.send(first));
  socket.addEventListener("error", () => reject(new Error(`${url} is no log stream`)));
  socket.addEventListener("close", ({ code }) => resolve({ frames, code }));
  socket.addEventListener("message", ({ data }) => {
    frames.push(String(data));
    if (isEnough(String(data))) resolve({ frames, code: undefined });
  });
  try {
    return await inTime("the log stream", promise, STREAM_MS);
  } finally {
    socket.close();
  }
}

/** @returns the answer's head when a page of that origin begins a log stream */
export async function upgradeFrom(origin: string, port: number, target: string): Promise<RawHead> {
  const { key } = webSocketKey();
  await using connection = await RawConnection.open({ port });
  connection.send({
    method: "GET",
    target,
    headers: [
      ["Host", DOMAIN],
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", key],
      ["Origin", origin],
    ],
  });
  return await connection.head();
}
