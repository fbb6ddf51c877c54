/**
 * Asking an Aleph node as a wallet's owner: the wallet signs once for a key that lives a day, and that key signs
 * each request.
 */

import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";

import { nameOf, pathOf } from "./node-url.ts";
import type { Wallet } from "./wallet.ts";

const KEY_LIFE_MS = 24 * 60 * 60 * 1000;

export interface OperatorDeps {
  readonly wallet: Wallet;
  /** any URL of the node: its host is the name that is signed for */
  readonly node: URL;
  readonly now: () => Date;
}

export type OperatorMethod = "GET" | "POST" | "DELETE";

export interface OperatorHeaders {
  readonly "X-SignedPubKey": string;
  readonly "X-SignedOperation": string;
}

/** What is signed, in hexadecimal, and the signature. */
interface SignedPart {
  readonly payload: string;
  readonly signature: string;
}

/** Works for a day; make a new one then. */
export class Operator {
  readonly #domain: string;
  readonly #now: () => Date;
  readonly #pubKey: SignedPart;
  readonly #privateKey: KeyObject;

  constructor({ wallet, node, now }: OperatorDeps) {
    this.#domain = nameOf(node);
    this.#now = now;
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#privateKey = privateKey;
    const said = Buffer.from(
      JSON.stringify({
        pubkey: publicKey.export({ format: "jwk" }),
        alg: "ECDSA",
        domain: this.#domain,
        address: wallet.address,
        expires: new Date(now().getTime() + KEY_LIFE_MS).toISOString(),
        chain: "ETH",
      }),
    );
    this.#pubKey = { payload: said.toString("hex"), signature: wallet.sign(said) };
  }

  /** Good for one method and URL, and for two minutes. The query and the body are not signed. */
  headers(method: OperatorMethod, url: URL): OperatorHeaders {
    return {
      "X-SignedPubKey": JSON.stringify(this.#pubKey),
      "X-SignedOperation": JSON.stringify(this.#operation(method, url)),
    };
  }

  /** @returns the first text message over a WebSocket to `url`, where headers cannot be sent */
  watchFrame(url: URL): string {
    const operation = this.#operation("GET", url);
    return JSON.stringify({
      auth: { "X-SignedPubKey": this.#pubKey, "X-SignedOperation": operation },
    });
  }

  #operation(method: OperatorMethod, url: URL): SignedPart {
    const time = this.#now().toISOString();
    const said = { time, method, path: pathOf(url), domain: this.#domain };
    const payload = Buffer.from(JSON.stringify(said));
    const key = { key: this.#privateKey, dsaEncoding: "ieee-p1363" } as const;
    const signature = sign("sha256", payload, key).toString("hex");
    return { payload: payload.toString("hex"), signature };
  }
}
