/** A console of two files. */

import { brotliCompressSync, gzipSync } from "node:zlib";

import type { FastifyPluginAsync } from "fastify";

import type { ConsoleFile, ConsoleFiles } from "#core/ports/console-files.ts";
import type { Log } from "#core/ports/log.ts";
import { consolePages } from "#http/console/surface.ts";

export const FAKE_CONSOLE: ConsoleFiles = new Map([
  ["index.html", fileOf("text/html; charset=utf-8", "<!doctype html><title>Alcove</title>")],
  ["assets/index-1a2b.js", fileOf("text/javascript; charset=utf-8", "export {};\n".repeat(100))],
]);

export function fakeConsole(log: Log): FastifyPluginAsync {
  return consolePages(FAKE_CONSOLE, log);
}

function fileOf(type: string, text: string): ConsoleFile {
  const plain = Buffer.from(text);
  const etag = `"${text.length}"`;
  return { type, etag, plain, br: brotliCompressSync(plain), gzip: gzipSync(plain) };
}
