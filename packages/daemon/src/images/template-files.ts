/**
 * Templates on this host: `<root>/<id>/{template.json,machine/}`.
 *
 * One is made beside, under a name that is no template's, and renamed into place when all of it is durable.
 */

import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import type { TemplateDraft, TemplateStore } from "#core/ports/template-store.ts";
import type { Template } from "#core/template/template.ts";

import { syncDirectory } from "./blob-store.ts";
import { templateFrom, textOfTemplate } from "./template-description.ts";

const ID = /^[0-9a-f]{16}$/;
const DESCRIPTION = "template.json";
const MACHINE = "machine";
const CONSOLE = "console.log";

export class TemplateFiles implements TemplateStore {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(root: string): Promise<TemplateFiles> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new TemplateFiles(root);
  }

  async list(): Promise<readonly Template[]> {
    const found: Template[] = [];
    for (const name of await readdir(this.#root)) {
      const template = ID.test(name) ? await this.#read(name) : undefined;
      if (template) found.push(template);
      else await rm(path.join(this.#root, name), { recursive: true, force: true });
    }
    return found;
  }

  async begin(): Promise<TemplateDraft> {
    const draft = path.join(this.#root, `${randomBytes(6).toString("hex")}.part`);
    await mkdir(draft, { mode: 0o700 });
    return {
      machine: path.join(draft, MACHINE),
      complete: (template, consoleLogPath) => this.#complete(draft, template, consoleLogPath),
      [Symbol.asyncDispose]: () => rm(draft, { recursive: true, force: true }),
    };
  }

  machineOf(id: string): string {
    return path.join(this.#root, id, MACHINE);
  }

  async giveConsole(id: string, consoleLogPath: string): Promise<void> {
    await copyIfThere(path.join(this.#root, id, CONSOLE), consoleLogPath);
  }

  /** Out of sight in one step, so that no half of it is ever found. */
  async remove(id: string): Promise<void> {
    const doomed = path.join(this.#root, `${id}.gone`);
    try {
      await rename(path.join(this.#root, id), doomed);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      throw error;
    }
    await rm(doomed, { recursive: true, force: true });
  }

  async digestOf(file: string, signal: AbortSignal): Promise<string> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash, { signal });
    return hash.digest("hex");
  }

  async #complete(draft: string, template: Template, consoleLogPath: string): Promise<void> {
    await copyIfThere(consoleLogPath, path.join(draft, CONSOLE));
    const place = path.join(this.#root, template.id);
    {
      await using file = await open(path.join(draft, DESCRIPTION), "wx", 0o600);
      await file.writeFile(textOfTemplate(template));
      await file.sync();
    }
    await syncDirectory(draft);
    try {
      await rename(draft, place);
    } catch (error) {
      const known = error instanceof Error && "code" in error && error.code === "ENOTEMPTY";
      if (!known) throw error; // the very same template is there already
    }
    await syncDirectory(this.#root);
  }

  async #read(id: string): Promise<Template | undefined> {
    try {
      const text = await readFile(path.join(this.#root, id, DESCRIPTION), "utf8");
      const template = templateFrom(text);
      return template?.id === id ? template : undefined;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    }
  }
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
}
