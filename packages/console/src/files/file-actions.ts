/** What the page does with files of one VM, by the client. */

import type { FsEntry, Vm } from "@alcove/sdk/browser/index.ts";

import { saveLink } from "../ui/save.ts";
import { bytesOf, isSame, MAX_TEXT_BYTES, type TextFile, textFileOf } from "./text-file.ts";

/** Somebody else has changed the file since it was read. */
export class ChangedMeanwhile extends Error {
  override readonly name = "ChangedMeanwhile";
}

/** @returns whether a link leads to a directory */
export async function leadsToDirectory(vm: Vm, path: string): Promise<boolean> {
  const enough = new AbortController();
  // A description follows no link; a copy does, and says what it is of before it begins.
  const copy = await vm.copyOut({ path, mode: "any" }, { signal: enough.signal });
  enough.abort();
  return copy.mode === "tar";
}

/** The browser writes it to the disk as it comes; a directory as a tar. What cannot be read is said before. */
export async function download(vm: Vm, path: string, entry: FsEntry): Promise<void> {
  const { signal } = new AbortController();
  const isLink = entry.type === "symlink";
  const isTree = isLink ? await leadsToDirectory(vm, path) : entry.type === "directory";
  const there = await vm.fs.stat(path, { signal });
  if (!there) throw new Error(`${entry.name} is gone.`);
  saveLink(
    vm.downloadUrl(path, isTree ? "tar" : "binary"),
    isTree ? `${entry.name}.tar` : entry.name,
  );
}

/** @throws Error, a sentence, for what is no small text file */
export async function readText(vm: Vm, path: string, signal: AbortSignal): Promise<TextFile> {
  return textFileOf(await readSmall(vm, path, signal));
}

/**
 * Writes it back with its mode and owner.
 * @param anyway also when it has changed since `before` was read
 * @throws ChangedMeanwhile
 */
export async function writeText(
  vm: Vm,
  {
    path,
    text,
    before,
    anyway,
  }: {
    readonly path: string;
    readonly text: string;
    readonly before: TextFile;
    readonly anyway: boolean;
  },
): Promise<TextFile> {
  const { signal } = new AbortController();
  const now = await vm.fs.stat(path, { signal });
  const isUnchanged = now !== null && isSame(await readSmall(vm, path, signal), before.bytes);
  if (!anyway && !isUnchanged)
    throw new ChangedMeanwhile(
      now === null
        ? "It was deleted since it was opened here"
        : "It was changed by somebody else since it was opened here",
    );
  const bytes = bytesOf(text, before.lineEnd);
  const { uid, gid } = now ?? {};
  const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
  await vm.fs.writeFile(path, bytes, { ...owner, signal });
  return textFileOf(bytes);
}

async function readSmall(vm: Vm, path: string, signal: AbortSignal): Promise<Uint8Array> {
  const { content } = await vm.copyOut({ path, mode: "binary" }, { signal });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of content) {
    size += part.length;
    parts.push(part);
    if (size > MAX_TEXT_BYTES) break; // it is refused for that, whatever follows
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
