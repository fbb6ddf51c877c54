/** Owners' sessions as files: `<directory>/<hash>/vm_session.b64` and `vm_godh.b64`, as sevctl made them. */

import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import type { LaunchFiles } from "#core/aleph/ports/confidential-backend.ts";

const SESSION = "vm_session.b64";
const GODH = "vm_godh.b64";
const KEYS = "keys.json";

const VM_HASH = /^[0-9a-f]{64}$/;

export interface SessionPaths {
  readonly session: string;
  readonly godh: string;
  /** of the simulation alone */
  readonly keys: string;
}

export class SevSessions {
  readonly #directory: string;

  /** @param directory absolute */
  constructor(directory: string) {
    this.#directory = directory;
  }

  paths(vmHash: string): SessionPaths {
    const own = this.#own(vmHash);
    const at = (name: string) => path.join(own, name);
    return { session: at(SESSION), godh: at(GODH), keys: at(KEYS) };
  }

  /** In place of those that there were. They are encrypted for the platform: a VMM of another user may read them. */
  async keep(vmHash: string, { session, godh }: LaunchFiles): Promise<void> {
    const paths = this.paths(vmHash);
    await this.#makeOwn(vmHash);
    await replace(paths.session, session, 0o644);
    await replace(paths.godh, godh, 0o644);
  }

  async keepKeys(vmHash: string, text: string): Promise<void> {
    await this.#makeOwn(vmHash);
    await replace(this.paths(vmHash).keys, text, 0o600);
  }

  /** @returns `undefined` when there are none */
  async find(vmHash: string): Promise<LaunchFiles | undefined> {
    const { session, godh } = this.paths(vmHash);
    try {
      return { session: await readFile(session, "utf8"), godh: await readFile(godh, "utf8") };
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Harmless when there are none. */
  async forget(vmHash: string): Promise<void> {
    await rm(this.#own(vmHash), { recursive: true, force: true });
  }

  async #makeOwn(vmHash: string): Promise<void> {
    await mkdir(this.#own(vmHash), { recursive: true, mode: 0o700 });
  }

  #own(vmHash: string): string {
    if (VM_HASH.test(vmHash)) return path.join(this.#directory, vmHash);
    throw new Error("invariant: a VM goes by a SHA-256");
  }
}

/** Whoever reads it sees the old text or the new one. */
async function replace(file: string, text: string, mode: number): Promise<void> {
  const half = `${file}.new`;
  await rm(half, { force: true });
  await writeFile(half, text, { mode, flag: "wx", flush: true });
  await rename(half, file);
}
