/** Which QEMU it is, to the last addition: what one wrote another need not read. */

import { stat } from "node:fs/promises";
import path from "node:path";

import { within } from "#lib/patience.ts";
import { printable } from "#lib/text.ts";
import { runText, TOOL_ENV } from "#process/run.ts";

/** how long QEMU may take to say its version, in `ms` */
const TIMEOUT_MS = 10_000;

const MAX_CHARS = 200;

/** Knows the version of a program, and asks it again only when its file has changed. */
export class ProgramVersion {
  readonly #binary: string;
  #known: { readonly file: string; readonly version: string } | undefined;

  /** @param binary program name or absolute path */
  constructor(binary: string) {
    this.#binary = binary;
  }

  /** As "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)". */
  async ask(signal: AbortSignal): Promise<string> {
    const file = await this.#file();
    if (this.#known && this.#known.file === file) return this.#known.version;
    const order = { file: this.#binary, args: ["--version"] };
    const said = await runText(order, within(TIMEOUT_MS, signal));
    const version = printable(said.split("\n")[0] ?? "", MAX_CHARS);
    this.#known = file === undefined ? undefined : { file, version };
    return version;
  }

  /** @returns what changes when the program does, or `undefined` when it is not found */
  async #file(): Promise<string | undefined> {
    const directories = (TOOL_ENV["PATH"] ?? "").split(":");
    for (const directory of path.isAbsolute(this.#binary) ? [""] : directories) {
      const file = path.join(directory, this.#binary);
      const found = await stat(file).catch(() => undefined);
      if (found) return [file, found.dev, found.ino, found.size, found.mtimeMs].join(" ");
    }
    return undefined;
  }
}
