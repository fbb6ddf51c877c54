/** Looking at, making and removing what is in a fake guest's file system, with the agent's refusals. */

import path from "node:path";

import type {
  GuestEntry,
  GuestMakeDirectory,
  GuestPath,
  GuestRemove,
} from "#core/ports/guest-files.ts";

import { absolute, type FakeEntry, type FakeFiles } from "./fake-files.ts";
import { refusal } from "./refusal.ts";

export function stat(files: FakeFiles, at: GuestPath): GuestEntry {
  const name = absolute(at.path);
  return entryOf(path.posix.basename(name) || "/", existing(files, at));
}

export function readDirectory(files: FakeFiles, at: GuestPath): readonly GuestEntry[] {
  if (existing(files, at).kind === "file") {
    throw refusal("not_directory", `${at.path} is not a directory`);
  }
  return files
    .below(absolute(at.path))
    .filter(([name]) => !name.includes("/"))
    .map(([name, entry]) => entryOf(name, entry));
}

export function makeDirectory(files: FakeFiles, wanted: GuestMakeDirectory): void {
  const name = absolute(wanted.path);
  if (wanted.recursive) return files.makeDirectory(name, wanted.mode);
  if (files.find(name)) throw refusal("exists", `${wanted.path} exists already`);
  if (!files.find(path.posix.dirname(name))) {
    throw refusal("not_found", `${wanted.path}: its parent does not exist`);
  }
  files.makeDirectory(name, wanted.mode);
}

export function remove(files: FakeFiles, request: GuestRemove): void {
  const name = absolute(request.path);
  const { kind } = existing(files, request);
  if (name === "/") throw refusal("bad_request", "/ cannot be removed");
  if (kind === "directory" && !request.recursive && files.below(name).length > 0) {
    throw refusal("bad_request", `${request.path} is a directory that is not empty`);
  }
  files.remove(name);
}

function existing(files: FakeFiles, { path: wanted }: GuestPath): FakeEntry {
  const entry = files.find(absolute(wanted));
  if (!entry) throw refusal("not_found", `${wanted} does not exist`);
  return entry;
}

function entryOf(name: string, entry: FakeEntry): GuestEntry {
  return {
    name,
    type: entry.kind,
    sizeBytes: entry.kind === "file" ? entry.content.length : 0,
    mtimeNs: BigInt(entry.modifiedAtMs) * 1_000_000n,
    mode: entry.mode,
  };
}
