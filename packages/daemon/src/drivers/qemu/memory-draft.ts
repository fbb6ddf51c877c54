/**
 * A directory with a machine's memory that is being written: a state, or a template. It has another name, which
 * becomes the real one when all of it is there.
 */

import { type FileHandle, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import type { StateLasting } from "#core/ports/machine.ts";

/** name of the file with the memory */
export const MEMORY = "memory";

/** Disposing one that was not published removes it. */
export class MemoryDraft implements AsyncDisposable {
  readonly memory: FileHandle;
  readonly #directory: string;
  readonly #draft: string;
  readonly #files: string[] = [];

  private constructor(directory: string, draft: string, memory: FileHandle) {
    this.#directory = directory;
    this.#draft = draft;
    this.memory = memory;
  }

  /** @param directory where it will be; its parent must exist */
  static async begin(directory: string): Promise<MemoryDraft> {
    const draft = `${directory}.part`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { mode: 0o700 });
    const memory = await open(path.join(draft, MEMORY), "wx", 0o600);
    return new MemoryDraft(directory, draft, memory);
  }

  /** Puts another file beside the memory. */
  async add(name: string, content: Buffer | string): Promise<void> {
    const file = path.join(this.#draft, name);
    await writeFile(file, content, { flag: "wx", mode: 0o600 });
    this.#files.push(file);
  }

  /** Gives it its name, and makes it durable before if it is to be. */
  async publish(lasting: StateLasting): Promise<void> {
    if (lasting === "durable") {
      await this.memory.sync();
      for (const file of [...this.#files, this.#draft]) await sync(file);
    }
    await rename(this.#draft, this.#directory);
    if (lasting === "durable") await sync(path.dirname(this.#directory));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.memory.close();
    await rm(this.#draft, { recursive: true, force: true });
  }
}

async function sync(file: string): Promise<void> {
  await using handle = await open(file, "r");
  await handle.sync();
}
