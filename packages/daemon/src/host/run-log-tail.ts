/**
 * Keeps what one machine's files get, for as long as it runs.
 *
 * A guest may write without an end: it is read in bounded pieces with pauses between, and what the host cuts
 * from the file before it was read is lost to the guest that wrote it.
 */

import { type FSWatcher, watch } from "node:fs";

import type { LogFile } from "#core/aleph/ports/run-logs.ts";
import type { Log } from "#core/ports/log.ts";
import { pause, settlesWithin } from "#lib/patience.ts";

import type { KeptLog } from "./run-log-kept.ts";
import { type LogStream, type RawLine, type ReadMarks } from "./run-log-records.ts";
import { RunLogSource } from "./run-log-source.ts";

/** between two looks at files that may have nothing, and that certainly have more, in `ms` */
const LOOK_PAUSE_MS = 100;
const NEXT_PIECE_MS = 10;
/** and at least this often: a file may come to be after its machine, and a kernel has only so many watches */
const LOOK_EVERY_MS = 2000;
/** what has not been read after so many looks at a machine's end is given up */
const MAX_LAST_LOOKS = 64;

export interface TailDeps {
  readonly kept: KeptLog;
  /** told after lines were added */
  readonly onAdded: () => void;
  readonly log: Log;
}

interface TailedFile extends LogFile {
  readonly source: RunLogSource;
}

export class RunLogTail {
  readonly #deps: TailDeps;
  readonly #sources: readonly TailedFile[];
  readonly #over = new AbortController();
  readonly #work: Promise<void>;
  #news = Promise.withResolvers<void>();
  #failing = false;

  constructor(files: readonly LogFile[], deps: TailDeps) {
    this.#deps = deps;
    const { marks } = deps.kept;
    this.#sources = files.map((file) => ({
      ...file,
      source: new RunLogSource(file, marks[file.stream]),
    }));
    this.#work = this.#run();
  }

  reads(files: readonly LogFile[]): boolean {
    const paths = this.#sources.map((file) => file.path);
    return files.length === paths.length && files.every((file) => paths.includes(file.path));
  }

  /** @param rest `taken`: nothing will be added any more; `left`: the next daemon goes on */
  async end(rest: "left" | "taken", reason?: string): Promise<void> {
    this.#over.abort();
    this.#news.resolve();
    await this.#work;
    const lastLooks = rest === "taken" ? MAX_LAST_LOOKS : 0;
    for (let looks = 0; looks < lastLooks && (await this.#look("taken")); looks += 1);
    if (reason !== undefined) await this.#add([lineOf(reason)], this.#deps.kept.marks);
    for (const { source } of this.#sources) await source[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const over = this.#over.signal;
    using _watching = this.#watch();
    while (!over.aborted) {
      this.#news = Promise.withResolvers();
      const more = await this.#look("left");
      if (!more) await settlesWithin(this.#news.promise, LOOK_EVERY_MS);
      await pause(more ? NEXT_PIECE_MS : LOOK_PAUSE_MS, over).catch(() => {}); // ended while pausing: the loop's condition sees it
    }
  }

  /** @returns whether there is more to be read at once */
  async #look(rest: "left" | "taken"): Promise<boolean> {
    try {
      const looks = await Promise.all(
        this.#sources.map(async (file) => ({ ...file, ...(await file.source.look(rest)) })),
      );
      const lines = looks.flatMap((look) => look.lines);
      const read = Object.fromEntries(looks.map(({ stream, mark }) => [stream, mark]));
      await this.#add(lines, { ...this.#deps.kept.marks, ...read });
      for (const { source, mark } of looks) source.keep(mark);
      this.#failing = false;
      return looks.some(({ more }) => more);
    } catch (error) {
      // Nothing of it was kept, so it is read again with the next look.
      if (!this.#failing) this.#deps.log.warn("run_log.failed", { error });
      this.#failing = true;
      return false;
    }
  }

  async #add(lines: readonly RawLine[], marks: ReadMarks): Promise<void> {
    const { kept, onAdded } = this.#deps;
    if (lines.length === 0 && sameMarks(kept.marks, marks)) return;
    await kept.add(lines, marks);
    onAdded();
  }

  #watch(): Disposable {
    const watchers = this.#sources.flatMap(({ path }) => watched(path, () => this.#news.resolve()));
    return { [Symbol.dispose]: () => watchers.forEach((watcher) => watcher.close()) };
  }
}

function watched(path: string, onChange: () => void): readonly FSWatcher[] {
  try {
    const watcher = watch(path, { persistent: false }, onChange);
    // What the watch would have said is found with the next look.
    watcher.on("error", () => watcher.close());
    return [watcher];
  } catch {
    return []; // not there yet, or no watch to be had: it is looked at every now and then
  }
}

function sameMarks(one: ReadMarks, other: ReadMarks): boolean {
  const same = (stream: LogStream) =>
    one[stream]?.file === other[stream]?.file && one[stream]?.offset === other[stream]?.offset;
  return same("stdout") && same("stderr");
}

function lineOf(reason: string): RawLine {
  const oneLine = reason.replaceAll(/[\r\n]+/g, " ");
  return { at: Date.now(), stream: "stderr", bytes: Buffer.from(oneLine) };
}
