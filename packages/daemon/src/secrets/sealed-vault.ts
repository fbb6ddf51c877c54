/**
 * Secrets as files: `<root>/key` and `<root>/sealed/<name>.sealed`, one each.
 *
 * A file is written beside its place, made durable and then renamed, so a crash leaves the old
 * record or the new one. Nothing is ever written in clear, so nothing in clear can be left over.
 */

import { hkdfSync, randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import type { Secret, SecretVault } from "#core/ports/secret-vault.ts";
import { SecretBytes } from "#core/secrets/secret-bytes.ts";

import { KEY_BYTES, MAX_RECORD_BYTES, sealed, unsealed } from "./record.ts";
import { vaultKey } from "./vault-key.ts";

const SUFFIX = ".sealed";
/** cannot be a record's: those end otherwise */
const UNFINISHED = ".new";

export class SealedVault implements SecretVault {
  readonly #directory: string;
  readonly #key: Buffer;

  private constructor(directory: string, key: Buffer) {
    this.#directory = directory;
    this.#key = key;
  }

  /** @throws StartRefused when the key is missing, too short, or open to others */
  static async open(root: string): Promise<SealedVault> {
    const directory = path.join(root, "sealed");
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const files = await readdir(directory);
    for (const name of files.filter((it) => it.endsWith(UNFINISHED))) {
      await rm(path.join(directory, name)); // of a daemon that was killed while it wrote
    }
    const key = await vaultKey(path.join(root, "key"), files.filter(isRecord).length);
    return new SealedVault(directory, key);
  }

  /** A key of its own for something else that must rest sealed; the same at each start. */
  keyFor(purpose: string): SecretBytes {
    const made = hkdfSync("sha256", this.#key, "", `alcove ${purpose}`, KEY_BYTES);
    return new SecretBytes(new Uint8Array(made));
  }

  async names(): Promise<readonly string[]> {
    const files = (await readdir(this.#directory)).filter(isRecord);
    return files.map((file) => file.slice(0, -SUFFIX.length)).toSorted();
  }

  async read(name: string): Promise<Secret | undefined> {
    const record = await this.#bytes(name);
    if (!record) return undefined;
    try {
      const secret = unsealed(record, this.#key);
      if (secret.name === name) return secret;
      throw new Error(`it is the record of another secret, "${secret.name}"`);
    } catch (cause) {
      throw damaged(name, cause);
    }
  }

  async write(secret: Secret): Promise<void> {
    const unfinished = path.join(this.#directory, `${randomUUID()}${UNFINISHED}`);
    try {
      await durable(unfinished, sealed(secret, this.#key));
      await rename(unfinished, this.#file(secret.name));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await this.#syncDirectory();
  }

  async remove(name: string): Promise<boolean> {
    try {
      await rm(this.#file(name));
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
    await this.#syncDirectory();
    return true;
  }

  async #bytes(name: string): Promise<Buffer | undefined> {
    try {
      await using handle = await open(this.#file(name), "r");
      const { size } = await handle.stat();
      if (size > MAX_RECORD_BYTES) throw damaged(name, new Error(`it has ${size} bytes`));
      return await handle.readFile();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Names come from requests: what is no plain file name is nobody's, and reaches no other directory. */
  #file(name: string): string {
    if (name.includes("/") || name.includes("\0")) return path.join(this.#directory, SUFFIX);
    return path.join(this.#directory, `${name}${SUFFIX}`);
  }

  async #syncDirectory(): Promise<void> {
    await using handle = await open(this.#directory, "r");
    await handle.sync();
  }
}

async function durable(file: string, bytes: Buffer): Promise<void> {
  await using handle = await open(file, "wx", 0o600);
  await handle.writeFile(bytes);
  await handle.sync();
}

/** a record has a name before its suffix */
function isRecord(file: string): boolean {
  return file.endsWith(SUFFIX) && file.length > SUFFIX.length;
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "ENOENT" || error.code === "ENAMETOOLONG"; // no record has such a name
}

function damaged(name: string, cause: unknown): AlcoveError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `The secret "${name}" cannot be read: ${why}; delete it and create it again`;
  return new AlcoveError("secret_damaged", message, { name }, { cause });
}
