/** Reads the built web console, all of it: it is served from memory, and no request reaches a file system. */

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import type { ConsoleFile, ConsoleFiles } from "#core/ports/console-files.ts";
import { MIB } from "#lib/bytes.ts";

/** what a console may be before it is taken for something else */
const MAX_FILES = 1_000;
const MAX_BYTES = 64 * MIB;

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};
const OTHER_TYPE = "application/octet-stream";
/** what the build writes beside a file */
const FORMS = /\.(?:br|gz)$/;

export interface ReadConsole {
  readonly files: ConsoleFiles;
  /** of memory, all forms together */
  readonly bytes: number;
}

/**
 * @param directory what the build has made
 * @returns `undefined` when nothing is built there
 * @throws Error when there is more than a console can be
 */
export async function readConsole(directory: string): Promise<ReadConsole | undefined> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(absent);
  if (!entries?.some(({ name }) => name === "index.html")) return undefined;
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.relative(directory, path.join(parentPath, name)));
  if (paths.length > MAX_FILES) throw tooLarge(directory);
  const contents = new Map<string, Buffer>();
  let bytes = 0;
  for (const one of paths) {
    const content = await readFile(path.join(directory, one));
    bytes += content.length;
    if (bytes > MAX_BYTES) throw tooLarge(directory);
    contents.set(one, content);
  }
  const files = new Map<string, ConsoleFile>();
  for (const [name, plain] of contents) {
    if (!FORMS.test(name)) files.set(name, fileOf(name, plain, contents));
  }
  return { files, bytes };
}

function fileOf(name: string, plain: Buffer, all: ReadonlyMap<string, Buffer>): ConsoleFile {
  return {
    type: TYPES[path.extname(name)] ?? OTHER_TYPE,
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    plain,
    br: all.get(`${name}.br`),
    gzip: all.get(`${name}.gz`),
  };
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

function tooLarge(directory: string): Error {
  return new Error(
    `${directory} holds more than ${MAX_FILES} files or ${MAX_BYTES / MIB} MiB: that is no web console; build it again`,
  );
}
