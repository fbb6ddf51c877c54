/** Waiting for a file that somebody else makes, without looking again and again: he needs the processor. */

import { type FSWatcher, watch } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";

import { unlessAborted } from "#lib/patience.ts";

/** Resolves when the file is there, or when that cannot be watched. Its directory must exist. */
export async function appears(file: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using watcher = watching(path.dirname(file), (name) => {
    if (name === path.basename(file)) resolve();
  });
  if (!watcher) return;
  watcher.handle.on("error", () => resolve());
  access(file).then(resolve, () => undefined); // not there yet: it is waited for
  await unlessAborted(promise, signal);
}

/** @returns `undefined` where the host allows no more watches */
function watching(
  directory: string,
  heard: (name: string | null) => void,
): (Disposable & { readonly handle: FSWatcher }) | undefined {
  try {
    const handle = watch(directory, (_event, name) => heard(name));
    return { handle, [Symbol.dispose]: () => handle.close() };
  } catch {
    return undefined; // whoever waits tries again and again instead
  }
}
