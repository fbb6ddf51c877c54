/** Public keys of the account that a request names, or else of the host's own. */

import { invalidRequest } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { KeySource } from "../ports/key-source.ts";
import type { Log } from "../ports/log.ts";

export interface ImportedKeysDeps {
  readonly source: KeySource;
  /** whose keys every VM gets that asks for nobody else's; `undefined` gives them none */
  readonly ownAccount: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** of GitHub's, also where a company gives them out */
const ACCOUNT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/;

/** The host's own account is asked again after so long: a burst of creates is one question. */
const KNOWN_FOR_MS = 600_000;

export class ImportedKeys {
  readonly #deps: ImportedKeysDeps;
  #own: { readonly keys: readonly string[]; readonly atMs: number } | undefined;

  constructor(deps: ImportedKeysDeps) {
    this.#deps = deps;
  }

  /**
   * @param account the request's; `undefined` is the host's own
   * @throws AlcoveError `keys_unavailable`, or `invalid_request` for what is no account name
   */
  async keysFor(account: string | undefined, signal: AbortSignal): Promise<readonly string[]> {
    const { source, ownAccount } = this.#deps;
    if (account !== undefined && !ACCOUNT.test(account)) {
      throw invalidRequest("import_user", `"${account}" is no account name`);
    }
    if (account !== undefined && account !== ownAccount) return source.keysOf(account, signal);
    return ownAccount === undefined ? [] : this.#ownKeys(ownAccount, signal);
  }

  /** What was known before stays in use while the source does not answer. */
  async #ownKeys(account: string, signal: AbortSignal): Promise<readonly string[]> {
    const { source, clock, log } = this.#deps;
    const before = this.#own;
    const nowMs = clock.now().getTime();
    if (before && nowMs - before.atMs < KNOWN_FOR_MS) return before.keys;
    try {
      this.#own = { keys: await source.keysOf(account, signal), atMs: nowMs };
    } catch (error) {
      signal.throwIfAborted();
      if (!before) throw error;
      log.warn("keys.stale", { account, error });
      this.#own = { keys: before.keys, atMs: nowMs };
    }
    return this.#own.keys;
  }
}
