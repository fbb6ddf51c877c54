/** `vm.fs`: files of a guest. */

import { AlcoveApiError } from "../api-error.ts";
import { AlcoveProtocolError } from "../errors.ts";
import type { FsEntry, MkdirOptions, WatchEvent, WatchOptions } from "../guest-files.ts";
import type { HostApi } from "../host-api.ts";
import type { Content } from "../wire.ts";
import { type CallOptions, signalOf } from "./call.ts";

export interface ReadFileOptions extends CallOptions {
  /** bound of what is read into memory, in bytes; default 256 MiB */
  readonly maxBytes?: number;
}

export interface WriteFileOptions extends CallOptions {
  /** owner; default: the guest's default user */
  readonly uid?: number;
  readonly gid?: number;
  /** octal; default: as it is, `0644` for a new file */
  readonly permissions?: string;
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

export class VmFiles<B extends Uint8Array = Uint8Array> {
  readonly #api: HostApi<B>;
  readonly #hostname: string;

  constructor(api: HostApi<B>, hostname: string) {
    this.#api = api;
    this.#hostname = hostname;
  }

  /** @throws AlcoveApiError 404 when there is no such file */
  async readFile(path: string, options: ReadFileOptions = {}): Promise<B> {
    return await this.#read(path, "binary", options);
  }

  /** The whole file or nothing: it appears under its name when it is complete. */
  async writeFile(path: string, content: Content, options: WriteFileOptions = {}): Promise<void> {
    const { signal: _, ...ownership } = options;
    const into = { ...ownership, path, mode: "binary" } as const;
    await this.#api.copyIn(this.#hostname, into, content, signalOf(options));
  }

  /** In no order. */
  async readDir(path: string, options: CallOptions = {}): Promise<readonly FsEntry[]> {
    return await this.#api.files.readDir(this.#hostname, path, signalOf(options));
  }

  /** A link is not followed. @returns `null` when there is no such path */
  async stat(path: string, options: CallOptions = {}): Promise<FsEntry | null> {
    try {
      return await this.#api.files.stat(this.#hostname, path, signalOf(options));
    } catch (error) {
      if (isMissingPath(error)) return null;
      throw error;
    }
  }

  async exists(path: string, options: CallOptions = {}): Promise<boolean> {
    return (await this.stat(path, options)) !== null;
  }

  async mkdir(what: MkdirOptions | string, options: CallOptions = {}): Promise<void> {
    const request = typeof what === "string" ? { path: what } : what;
    await this.#api.files.mkdir(this.#hostname, request, signalOf(options));
  }

  /** @param recursive also what a directory holds */
  async remove(path: string, recursive = false, options: CallOptions = {}): Promise<void> {
    await this.#api.files.remove(this.#hostname, path, recursive, signalOf(options));
  }

  /** Changes as they happen. Leaving the loop ends the watching. */
  async *watch(options: WatchOptions & CallOptions): AsyncGenerator<WatchEvent> {
    yield* this.#api.files.watch(this.#hostname, options, signalOf(options));
  }

  /** A directory as an uncompressed tar, names relative to it. */
  async tarFrom(path: string, options: ReadFileOptions = {}): Promise<B> {
    return await this.#read(path, "tar", options);
  }

  /** Unpacks an uncompressed tar into a directory, which is made. */
  async tarTo(path: string, tar: Content, options: WriteFileOptions = {}): Promise<void> {
    const { signal: _, ...ownership } = options;
    const into = { ...ownership, path, mode: "tar" } as const;
    await this.#api.copyIn(this.#hostname, into, tar, signalOf(options));
  }

  async #read(path: string, mode: "binary" | "tar", options: ReadFileOptions): Promise<B> {
    const { maxBytes = DEFAULT_MAX_BYTES } = options;
    const copy = await this.#api.copyOut(this.#hostname, { path, mode }, signalOf(options));
    const chunks: B[] = [];
    let bytes = 0;
    for await (const chunk of copy.content) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new AlcoveProtocolError(`${path} is larger than ${maxBytes} bytes: use copyOut`);
      }
      chunks.push(chunk);
    }
    return this.#api.wire.codec.concat(chunks);
  }
}

/** A VM that does not exist is no missing path. */
function isMissingPath(error: unknown): boolean {
  return error instanceof AlcoveApiError && error.status === 404 && error.code !== "vm_not_found";
}
