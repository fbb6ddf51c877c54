/** Files of a guest by name: what is there, making and removing, and being told of changes. */

import { ask, askJson, jsonRequest } from "./answer-text.ts";
import { AlcoveProtocolError, isObject } from "./errors.ts";
import { urlPath } from "./query.ts";
import { type Resource, asResource, asResources, resource } from "./resource.ts";
import { readEvents } from "./sse.ts";
import type { Wire } from "./wire.ts";

export interface FsEntry {
  /** without its directory */
  readonly name: string;
  /** `file`, `directory`, `symlink`, `other`; a link is not followed */
  readonly type: string;
  /** bytes */
  readonly size: number;
  /** RFC 3339 */
  readonly mtime: string;
  /** octal, such as `0644` */
  readonly mode: string;
  /** its owner; absent where the host does not say */
  readonly uid?: number;
  readonly gid?: number;
}

export interface MkdirOptions {
  readonly path: string;
  /** also its parents, and no error when it exists */
  readonly recursive?: boolean;
  /** octal; default `0755` */
  readonly mode?: string;
}

export type WatchEventType = "create" | "write" | "remove" | "rename" | "chmod";

export interface WatchOptions {
  readonly paths: readonly string[];
  /** globs, tried on the whole path and on the name */
  readonly patterns?: readonly string[];
  readonly events?: readonly (WatchEventType | "all")[];
  readonly recursive?: boolean;
  /** end after the first event */
  readonly oneShot?: boolean;
  /** one event for what happens to one path within this time; default 200 ms */
  readonly debounceMs?: number;
  /** end after this long */
  readonly timeoutMs?: number;
  readonly maxEvents?: number;
  /** whose home `~` is */
  readonly uid?: number;
}

export interface WatchEvent {
  readonly id: number;
  readonly type: string;
  readonly path: string;
  /** RFC 3339 */
  readonly timestamp: string;
  /** bytes */
  readonly size: number;
  readonly isDir: boolean;
  readonly message?: string;
}

const ENTRY: Resource<FsEntry> = resource<FsEntry>("directory entry", {
  name: "string",
  type: "string",
  size: "number",
  mtime: "string",
  mode: "string",
  uid: "number?",
  gid: "number?",
});

const WATCH_EVENT: Resource<WatchEvent> = resource<WatchEvent>("watch event", {
  id: "number",
  type: "string",
  path: "string",
  timestamp: "string",
  size: "number",
  isDir: "boolean",
  message: "string?",
});

export class GuestFilesApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  /** In no order. */
  async readDir(hostname: string, path: string, signal: AbortSignal): Promise<readonly FsEntry[]> {
    const request = {
      method: "GET",
      path: urlPath`/vm/${hostname}/fs/readdir`,
      query: { path },
    } as const;
    return asResources(await askJson(this.#wire, request, signal), ENTRY);
  }

  /** @throws AlcoveApiError 404 when there is no such path, or no such VM */
  async stat(hostname: string, path: string, signal: AbortSignal): Promise<FsEntry> {
    const request = {
      method: "GET",
      path: urlPath`/vm/${hostname}/fs/stat`,
      query: { path },
    } as const;
    return asResource(await askJson(this.#wire, request, signal), ENTRY);
  }

  async mkdir(hostname: string, options: MkdirOptions, signal: AbortSignal): Promise<void> {
    const { path, recursive, mode } = options;
    const body = { path, recursive, mode };
    await ask(this.#wire, jsonRequest("POST", urlPath`/vm/${hostname}/fs/mkdir`, body), signal);
  }

  async remove(
    hostname: string,
    path: string,
    recursive: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const request = {
      method: "DELETE",
      path: urlPath`/vm/${hostname}/fs/remove`,
      query: { path, recursive },
    } as const;
    await ask(this.#wire, request, signal);
  }

  /** Leaving the loop ends the watching. */
  async *watch(
    hostname: string,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const { paths, patterns, events, recursive, uid } = options;
    const answer = await this.#wire.open(
      {
        method: "GET",
        path: urlPath`/vm/${hostname}/fs/watch`,
        headers: { accept: "text/event-stream" },
        query: {
          paths,
          patterns,
          events,
          recursive,
          uid,
          one_shot: options.oneShot,
          debounce: milliseconds(options.debounceMs),
          timeout: milliseconds(options.timeoutMs),
          max_events: options.maxEvents,
        },
      },
      signal,
    );
    try {
      for await (const { data } of readEvents(answer.chunks())) yield watchEventIn(data);
    } finally {
      answer.close();
    }
  }
}

function milliseconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms}ms`;
}

function watchEventIn(data: string): WatchEvent {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new AlcoveProtocolError("An event of the watch is not JSON", { cause });
  }
  if (isObject(value)) return asResource(value, WATCH_EVENT);
  throw new AlcoveProtocolError("An event of the watch is not a JSON object");
}
