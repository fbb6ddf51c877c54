/** Links to backups that work for whoever holds them, for a day: what they sign, and whether they still hold. */

import { createHmac } from "node:crypto";

import type { Clock } from "../../ports/clock.ts";
import { Refusal } from "../refusal.ts";
import type { LoginSecret } from "./login-secret.ts";
import { isSameSecret } from "./same-secret.ts";

const LINK_LIFE_S = 24 * 60 * 60;

export interface PresignedDeps {
  /** links end with the run of the daemon whose secret this is */
  readonly secret: LoginSecret;
  readonly clock: Clock;
}

export interface BackupName {
  readonly backupId: string;
  readonly vmHash: string;
}

export interface Presign {
  /** seconds since 1970 */
  readonly expires: number;
  /** hexadecimal */
  readonly signature: string;
}

export class Presigned {
  readonly #deps: PresignedDeps;

  constructor(deps: PresignedDeps) {
    this.#deps = deps;
  }

  issue(backup: BackupName): Presign {
    const expires = Math.floor(this.#nowS()) + LINK_LIFE_S;
    return { expires, signature: this.#signatureOf(backup, expires) };
  }

  /**
   * @param query the request's parameters, as they were sent
   * @throws Refusal `forbidden` or `bad request`
   */
  demand(
    backup: BackupName,
    query: { readonly signature?: string | undefined; readonly expires?: string | undefined },
  ): void {
    if (!query.signature || !query.expires)
      throw new Refusal("forbidden", "Missing signature or expires parameter");
    if (!/^\d{1,15}$/.test(query.expires))
      throw new Refusal("bad request", "Invalid expires parameter");
    const expires = Number(query.expires);
    if (expires < this.#nowS()) throw new Refusal("forbidden", "Download link has expired");
    if (!isSameSecret(query.signature, this.#signatureOf(backup, expires)))
      throw new Refusal("forbidden", "Invalid signature");
  }

  #signatureOf({ backupId, vmHash }: BackupName, expires: number): string {
    const hmac = createHmac("sha256", this.#deps.secret.text);
    return hmac.update(`${backupId}:${vmHash}:${expires}`).digest("hex");
  }

  #nowS(): number {
    return this.#deps.clock.now().getTime() / 1000;
  }
}
