/**
 * Serial console logs on disk: QEMU appends, we read the end and keep them bounded.
 *
 * Cutting a log copies its newest part over its beginning and shortens the file. The
 * writer appends, so it goes on at the new end; what it writes during the copy may be lost.
 */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

import type { ConsoleLogs } from "#core/ports/disk-store.ts";
import type { Log } from "#core/ports/log.ts";
import { MIB } from "#lib/bytes.ts";
import { every } from "#lib/every.ts";

import { followConsoleLog } from "./console-follow.ts";

const MAX_LOG_BYTES = 8 * MIB;
const KEPT_BYTES = 2 * MIB;
const TRIM_EVERY_MS = 10_000;

export const fileConsoleLogs: ConsoleLogs = {
  async read(consoleLogPath, lines) {
    await using file = await openIfThere(consoleLogPath, constants.O_RDONLY);
    if (!file) return undefined;
    const text = await newest(file, MAX_LOG_BYTES);
    return lines === "all" ? text : lastLines(text, lines);
  },
  follow: followConsoleLog,
};

/** Looks after the logs that `paths` names, until disposed. */
export function keepLogsBounded(paths: () => readonly string[], log: Log): Disposable {
  return every(TRIM_EVERY_MS, async () => {
    for (const path of paths()) {
      await trimLog(path).catch((error: unknown) => log.warn("console.trim_failed", { error }));
    }
  });
}

/** Cuts a log that outgrew its bound to its newest part. */
export async function trimLog(consoleLogPath: string): Promise<void> {
  await using file = await openIfThere(consoleLogPath, constants.O_RDWR);
  if (!file) return;
  const { size } = await file.stat();
  if (size <= MAX_LOG_BYTES) return;
  const kept = Buffer.alloc(KEPT_BYTES);
  const { bytesRead } = await file.read(kept, 0, KEPT_BYTES, size - KEPT_BYTES);
  await file.write(kept, 0, bytesRead, 0);
  await file.truncate(bytesRead);
}

async function newest(file: FileHandle, maxBytes: number): Promise<string> {
  const { size } = await file.stat();
  const length = Math.min(size, maxBytes);
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, size - length);
  return bytes.toString("utf8", 0, bytesRead);
}

function lastLines(text: string, count: number): string {
  const endsInNewline = text.endsWith("\n");
  const lines = (endsInNewline ? text.slice(0, -1) : text).split("\n");
  return lines.slice(-count).join("\n") + (endsInNewline ? "\n" : "");
}

async function openIfThere(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
