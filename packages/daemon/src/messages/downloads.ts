/** Files of the network, fetched once: whoever asks for the same file meanwhile waits for the same download. */

import path from "node:path";

import { kindOfHash, type ItemHash } from "#core/aleph/item-hash.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type { Log } from "#core/ports/log.ts";
import { unlessAborted } from "#lib/patience.ts";

import { download } from "./api-client.ts";
import { Backoff, ServerTrouble } from "./backoff.ts";
import { writeWhole } from "./whole-file.ts";

const ATTEMPTS = 10;

export interface DownloadsDeps {
  /** URLs without a slash at their end */
  readonly apiServer: string;
  readonly ipfsGateway: string;
  /** absolute path */
  readonly directory: string;
  readonly maxFileBytes: number;
  readonly firstPauseMs: number;
  readonly log: Log;
}

export interface WantedFile {
  /** what it is kept under */
  readonly ref: ItemHash;
  /** the file's own name in the network */
  readonly blob: ItemHash;
}

interface Running {
  readonly done: Promise<string>;
  readonly stop: AbortController;
  waiting: number;
}

export class Downloads {
  readonly #deps: DownloadsDeps;
  readonly #running = new Map<ItemHash, Running>();

  constructor(deps: DownloadsDeps) {
    this.#deps = deps;
  }

  /**
   * @returns absolute path
   * @throws Refusal `not found`, `too large`, `no storage`; ServerTrouble after the last attempt
   */
  async fetch(wanted: WantedFile, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const running = this.#running.get(wanted.ref) ?? this.#begin(wanted);
    running.waiting += 1;
    try {
      return await unlessAborted(running.done, signal);
    } finally {
      running.waiting -= 1;
      if (running.waiting === 0) this.#end(wanted.ref, running);
    }
  }

  #begin(wanted: WantedFile): Running {
    const stop = new AbortController();
    const running = { done: this.#attempts(wanted, stop.signal), stop, waiting: 0 };
    this.#running.set(wanted.ref, running);
    return running;
  }

  /** Nobody waits for it any more: it is over, or everybody has left. */
  #end(ref: ItemHash, running: Running): void {
    if (this.#running.get(ref) === running) this.#running.delete(ref);
    running.stop.abort(new Error("nobody waits for this download any more"));
  }

  async #attempts(wanted: WantedFile, signal: AbortSignal): Promise<string> {
    const { firstPauseMs, log } = this.#deps;
    const attempt = async () => {
      try {
        return await this.#once(wanted, signal);
      } catch (error) {
        log.warn("messages.download_failed", { ref: wanted.ref, error });
        throw error;
      }
    };
    return await new Backoff(ATTEMPTS, firstPauseMs).run(attempt, signal, isRefusal);
  }

  async #once({ ref, blob }: WantedFile, signal: AbortSignal): Promise<string> {
    const { apiServer, ipfsGateway, directory, maxFileBytes } = this.#deps;
    const kind = kindOfHash(blob);
    const url =
      kind === "ipfs" ? `${ipfsGateway}/${blob}` : `${apiServer}/api/v0/storage/raw/${blob}`;
    const bytes = await download(url, signal);
    if (bytes === undefined) throw new Refusal("not found", `File not found: ${ref}`);
    const file = path.join(directory, ref);
    const accept = ({ sha256 }: { readonly sha256: string }) => {
      if (kind === "ipfs" || sha256 === blob) return;
      throw new ServerTrouble(`The file at ${url} is another than its name says`);
    };
    await writeWhole({ file, bytes, maxBytes: maxFileBytes, accept }, signal);
    return file;
  }
}

/** Another attempt would end in the same way. */
function isRefusal(error: unknown): boolean {
  return error instanceof Refusal;
}
