/** Public SSH keys of an account from the place that publishes them: `<base>/<user>.keys`. */

import { AlcoveError } from "#core/errors.ts";
import type { KeySource } from "#core/ports/key-source.ts";
import { publicKeysIn } from "#core/secrets/public-keys.ts";
import { KIB } from "#lib/bytes.ts";
import { within } from "#lib/patience.ts";

const MAX_ANSWER_BYTES = 128 * KIB;
const MAX_KEYS = 64;
const TIMEOUT_MS = 10_000;

export class KeyImport implements KeySource {
  readonly #base: string;

  /** @param base URL without a slash at its end, such as `https://github.com` */
  constructor(base: string) {
    this.#base = base;
  }

  async keysOf(user: string, signal: AbortSignal): Promise<readonly string[]> {
    const text = await this.#fetched(user, signal);
    const keys = publicKeysIn(text).slice(0, MAX_KEYS);
    if (keys.length === 0) throw this.#unavailable(user, new Error("the account has no keys"));
    return keys;
  }

  async #fetched(user: string, signal: AbortSignal): Promise<string> {
    try {
      return await textAt(
        `${this.#base}/${encodeURIComponent(user)}.keys`,
        within(TIMEOUT_MS, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      throw this.#unavailable(user, error);
    }
  }

  #unavailable(user: string, cause: unknown): AlcoveError {
    const message = `The public keys of "${user}" cannot be had from ${this.#base} (${reasonOf(cause)}); give them as ssh_keys instead`;
    return new AlcoveError("keys_unavailable", message, { user }, { cause });
  }
}

async function textAt(url: string, signal: AbortSignal): Promise<string> {
  // A redirect would lead to a place that nobody has chosen.
  const response = await fetch(url, { signal, redirect: "error" });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(
      response.status === 404 ? "there is no such account" : `status ${response.status}`,
    );
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error("the answer is too long");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** `fetch` says "fetch failed", and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
