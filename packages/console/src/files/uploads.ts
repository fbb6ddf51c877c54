/** Uploads into one VM, a few at a time. */

import type { Kept } from "../app/per-vm.ts";
import { asError } from "../ui/as-error.ts";
import type { Dropped } from "./dropped.ts";
import { joined } from "./guest-path.ts";

/** at a time: a browser has six connections to one origin, and the page needs some */
const AT_ONCE = 2;

export type UploadState = "waiting" | "sending" | "done" | "cancelled" | "failed";

export interface Upload {
  readonly id: number;
  /** in the guest */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly state: UploadState;
  readonly error?: Error;
}

/** What an upload needs of the client; each call ends with its signal. */
export interface UploadTarget {
  readonly makeFolder: (path: string, signal: AbortSignal) => Promise<void>;
  readonly send: (
    path: string,
    file: Blob,
    onBytes: (sent: number) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** something is there that was not: lists are to be read again */
  readonly onChange: () => void;
}

interface Waiting {
  readonly id: number;
  readonly file: Blob;
  /** the folders that it stands in */
  readonly ready: Promise<void>;
}

export class Uploads implements Kept {
  readonly #listeners = new Set<() => void>();
  readonly #cancels = new Map<number, AbortController>();
  readonly #target: UploadTarget;
  #waiting: Waiting[] = [];
  #all: readonly Upload[] = [];
  #sending = 0;
  #lastId = 0;

  constructor(target: UploadTarget) {
    this.#target = target;
  }

  /** in the order in which they were asked for */
  get all(): readonly Upload[] {
    return this.#all;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  add(directory: string, { folders, files }: Dropped): void {
    const ready = this.#makeFolders(folders.map((path) => joined(directory, path)));
    ready.catch(() => undefined); // each file that needed them says so
    const added = files.map(({ path, file }) => {
      this.#lastId += 1;
      this.#cancels.set(this.#lastId, new AbortController());
      this.#waiting.push({ id: this.#lastId, file, ready });
      const place = joined(directory, path);
      const state: UploadState = "waiting";
      return { id: this.#lastId, path: place, sizeBytes: file.size, sentBytes: 0, state };
    });
    this.#set([...this.#all, ...added]);
    for (let at = 0; at < AT_ONCE; at += 1) void this.#work();
  }

  /** Nothing of it is left in the guest. */
  cancel(id: number): void {
    this.#cancels.get(id)?.abort();
    if (!this.#waiting.some((it) => it.id === id)) return;
    this.#waiting = this.#waiting.filter((it) => it.id !== id);
    this.#end(id, { state: "cancelled" });
  }

  get isIdle(): boolean {
    return this.#all.every(({ state }) => state !== "waiting" && state !== "sending");
  }

  /** Cancels all. */
  end(): void {
    for (const { id, state } of this.#all)
      if (state === "waiting" || state === "sending") this.cancel(id);
  }

  /** Forgets those that are over. */
  clear(): void {
    this.#set(this.#all.filter(({ state }) => state === "waiting" || state === "sending"));
  }

  async #makeFolders(paths: readonly string[]): Promise<void> {
    const { signal } = new AbortController();
    for (const path of paths) await this.#target.makeFolder(path, signal);
    if (paths.length > 0) this.#target.onChange();
  }

  async #work(): Promise<void> {
    if (this.#sending >= AT_ONCE) return;
    this.#sending += 1;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      await this.#send(next);
    this.#sending -= 1;
    this.#target.onChange();
  }

  async #send({ id, file, ready }: Waiting): Promise<void> {
    const signal = this.#cancels.get(id)?.signal;
    const upload = this.#all.find((it) => it.id === id);
    if (!signal || !upload) return;
    this.#change(id, { state: "sending" });
    const onBytes = (sentBytes: number): void => this.#change(id, { sentBytes });
    try {
      await ready;
      await this.#target.send(upload.path, file, onBytes, signal);
      this.#end(id, { state: "done", sentBytes: file.size });
    } catch (error) {
      if (signal.aborted) return this.#end(id, { state: "cancelled" });
      this.#end(id, { state: "failed", error: asError(error) });
    }
  }

  #end(id: number, change: Partial<Upload>): void {
    this.#cancels.delete(id);
    this.#change(id, change);
  }

  #change(id: number, change: Partial<Upload>): void {
    this.#set(this.#all.map((it) => (it.id === id ? { ...it, ...change } : it)));
  }

  #set(all: readonly Upload[]): void {
    this.#all = all;
    for (const listener of this.#listeners) listener();
  }
}
