/** Asking servers of the network over HTTP: every answer bounded in size and time, every failure one of a few kinds. */

import { within } from "#lib/patience.ts";

import { Backoff, ServerTrouble } from "./backoff.ts";

/** of an answer in JSON */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** for a whole answer in JSON */
const ANSWER_TIMEOUT_MS = 30_000;
/** how long a download may stand still */
const STALL_TIMEOUT_MS = 60_000;
const ATTEMPTS = 3;

export class ApiClient {
  readonly #base: string;
  readonly #firstPauseMs: number;

  /**
   * @param base URL without a slash at its end
   * @param firstPauseMs before the second attempt; doubles with every further one
   */
  constructor(base: string, firstPauseMs: number) {
    this.#base = base;
    this.#firstPauseMs = firstPauseMs;
  }

  /** @param path with its query. @returns `undefined` for a 404. @throws ServerTrouble */
  async json(path: string, signal: AbortSignal): Promise<unknown> {
    const backoff = new Backoff(ATTEMPTS, this.#firstPauseMs);
    return await backoff.run(() => this.#jsonOnce(path, signal), signal);
  }

  async #jsonOnce(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await answered(`${this.#base}${path}`, within(ANSWER_TIMEOUT_MS, signal));
    if (response === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of bodyOf(response)) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES)
        throw new ServerTrouble(`The answer of ${response.url} is too long`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  }
}

/** @returns the body's bytes as they come; it may stand still for a minute, no longer. `undefined` for a 404 */
export async function download(
  url: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const stall = new AbortController();
  const both = AbortSignal.any([signal, stall.signal]);
  const tooSlow = () => stall.abort(new ServerTrouble(`The download of ${url} stands still`));
  const timer = setTimeout(tooSlow, STALL_TIMEOUT_MS).unref();
  try {
    const response = await answered(url, both);
    if (response === undefined) clearTimeout(timer);
    return response && kept(bodyOf(response), timer);
  } catch (error) {
    clearTimeout(timer);
    throw error;
  }
}

async function* kept(
  chunks: AsyncIterable<Uint8Array>,
  timer: NodeJS.Timeout,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) {
      timer.refresh();
      yield chunk;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

async function answered(url: string, signal: AbortSignal): Promise<Response | undefined> {
  const response = await fetch(url, { signal });
  if (response.ok) return response;
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new ServerTrouble(`${url} answers with status ${response.status}`);
}

async function* bodyOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body) yield* body;
}
