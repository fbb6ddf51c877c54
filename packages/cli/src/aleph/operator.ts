/** Asking an Aleph node as a wallet's owner, with a key that the wallet has signed for: it signs each request. */

import { sign } from "node:crypto";

import { pathOf } from "./node-url.ts";
import type { OperatorKey, SignedPart } from "./operator-key.ts";

export interface OperatorDeps {
  readonly key: OperatorKey;
  readonly now: () => Date;
}

export type OperatorMethod = "GET" | "POST" | "DELETE";

export interface OperatorHeaders {
  readonly "X-SignedPubKey": string;
  readonly "X-SignedOperation": string;
}

/** Works until its key expires. */
export class Operator {
  readonly #key: OperatorKey;
  readonly #now: () => Date;

  constructor({ key, now }: OperatorDeps) {
    this.#key = key;
    this.#now = now;
  }

  /** of the wallet that is asked for */
  get address(): string {
    return this.#key.address;
  }

  get expiresAt(): Date {
    return this.#key.expiresAt;
  }

  /** Good for one method and URL, and for two minutes. The query and the body are not signed. */
  headers(method: OperatorMethod, url: URL): OperatorHeaders {
    return {
      "X-SignedPubKey": JSON.stringify(this.#key.pubKey),
      "X-SignedOperation": JSON.stringify(this.#operation(method, url)),
    };
  }

  /** @returns the first text message over a WebSocket to `url`, where headers cannot be sent */
  watchFrame(url: URL): string {
    const operation = this.#operation("GET", url);
    return JSON.stringify({
      auth: { "X-SignedPubKey": this.#key.pubKey, "X-SignedOperation": operation },
    });
  }

  #operation(method: OperatorMethod, url: URL): SignedPart {
    const time = this.#now().toISOString();
    const said = { time, method, path: pathOf(url), domain: this.#key.domain };
    const payload = Buffer.from(JSON.stringify(said));
    const key = { key: this.#key.privateKey, dsaEncoding: "ieee-p1363" } as const;
    const signature = sign("sha256", payload, key).toString("hex");
    return { payload: payload.toString("hex"), signature };
  }
}
