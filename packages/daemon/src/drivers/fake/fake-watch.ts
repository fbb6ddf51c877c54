/** Watching the files of a fake guest: each change at once, in the agent's words. */

import path from "node:path";

import type { GuestChange, GuestWatch } from "#core/ports/guest-watch.ts";

import { Channel } from "./channel.ts";
import { absolute, type FakeChange, type FakeFiles } from "./fake-files.ts";
import { refusal } from "./refusal.ts";

/** @param over aborts when the watch is over */
export function watch(
  files: FakeFiles,
  wanted: GuestWatch,
  over: AbortSignal,
): AsyncIterable<GuestChange> {
  const roots = wanted.paths.map(absolute);
  for (const root of roots) {
    if (!files.find(root)) throw refusal("not_found", `${root} does not exist`);
  }
  const changes = new Channel<GuestChange>();
  const listening = files.changes.listen((change) => {
    if (!concerns(wanted, roots, change)) return;
    changes.push(told(files, change), over).catch(() => undefined); // the watch ended meanwhile
  });
  const end = () => {
    listening[Symbol.dispose]();
    changes.close(over.reason instanceof Error ? over.reason : new Error(String(over.reason)));
  };
  if (over.aborted) end();
  else over.addEventListener("abort", end, { once: true });
  return changes;
}

function concerns(
  { types, patterns, recursive }: GuestWatch,
  roots: readonly string[],
  { type, name }: FakeChange,
): boolean {
  if (types.length > 0 && !types.includes(type)) return false;
  const isInside = roots.some((root) => {
    if (name === root || path.posix.dirname(name) === root) return true;
    return recursive && name.startsWith(root === "/" ? root : `${root}/`);
  });
  const matches = (pattern: string) =>
    path.posix.matchesGlob(pattern.includes("/") ? name : path.posix.basename(name), pattern);
  return isInside && (patterns.length === 0 || patterns.some(matches));
}

function told(files: FakeFiles, { type, name }: FakeChange): GuestChange {
  const entry = files.find(name);
  return {
    type,
    path: name,
    atNs: BigInt(Date.now()) * 1_000_000n,
    sizeBytes: entry?.kind === "file" ? entry.content.length : 0,
    isDirectory: entry?.kind === "directory",
    message: undefined,
  };
}
