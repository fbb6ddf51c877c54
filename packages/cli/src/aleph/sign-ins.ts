/**
 * Sign-ins that last: for each node a file that only this user may read, with the short-lived key that the wallet has
 * signed for. The wallet's own key is never kept.
 */

import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { systemCode } from "@alcove/sdk/errors.ts";

import { UsageError } from "../failure.ts";
import { type OperatorKey, keyFromText, keyText } from "./operator-key.ts";

const OTHERS = 0o077;

export class SignIns {
  readonly #dir: string;

  /** @param dir is made when the first one is kept */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * @returns the key for this node, also one that has expired; `undefined` when there is none
   * @throws UsageError for a file that others may read, or that holds something else
   */
  at(node: URL): OperatorKey | undefined {
    const file = this.#fileOf(node);
    try {
      if ((statSync(file).mode & OTHERS) !== 0)
        throw new UsageError(`${file} may be used by others; sign out and in again`);
      return keyFromText(readFileSync(file, "utf8"));
    } catch (cause) {
      if (cause instanceof UsageError) throw cause;
      if (systemCode(cause) === "ENOENT") return undefined;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(`${file} holds no sign-in (${why}); sign out and in again`, { cause });
    }
  }

  /** Replaces the one that is there. @returns the file */
  keep(node: URL, key: OperatorKey): string {
    const file = this.#fileOf(node);
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, keyText(key), { mode: 0o600 });
    chmodSync(draft, 0o600); // whatever was there under that name
    renameSync(draft, file);
    return file;
  }

  /** @returns whether there was one */
  forget(node: URL): boolean {
    try {
      rmSync(this.#fileOf(node));
      return true;
    } catch (error) {
      if (systemCode(error) === "ENOENT") return false;
      throw error;
    }
  }

  #fileOf({ protocol, hostname, port }: URL): string {
    const defaultPort = protocol === "https:" ? "443" : "80";
    const name = `${hostname}_${port || defaultPort}`.replaceAll(/[^A-Za-z0-9._:-]/g, "");
    return path.join(this.#dir, `${name}.json`);
  }
}
