/** What the guest says about its files: JSON → typed entries, all of it checked. Pure. */

import type { GuestEntry } from "#core/ports/guest-files.ts";

import {
  countOf,
  type Fields,
  fieldsOf,
  nanosecondsOf,
  oneOf,
  sizeOf,
  verbatimOf,
} from "./fields.ts";
import { BrokenStream } from "./frames.ts";

const TYPES = ["file", "directory", "symlink", "other"] as const;
/** what Linux allows, in bytes; there are never more UTF-16 units */
const NAME_CHARS = 255;
/** users and groups are 32 bits */
const MAX_ID = 0xffff_ffff;
/** of a directory listing; a name of 255 bytes that are all escaped, and the rest, are under half of it */
export const MAX_LINE_BYTES = 4096;

/** The entry in the result of a `stat`. */
export function readStat(reply: Fields): GuestEntry {
  return entryIn(fieldsOf(reply, "entry"), true);
}

/** One line of a directory listing. Throws `BrokenStream`. */
export function readEntry(line: Fields): GuestEntry {
  return entryIn(line, false);
}

function entryIn(fields: Fields, mayBePath: boolean): GuestEntry {
  const name = verbatimOf(fields, "name", NAME_CHARS);
  if (!isName(name) && !(mayBePath && ["/", ".", ".."].includes(name))) {
    throw new BrokenStream("an entry whose name cannot be one");
  }
  return {
    name,
    type: oneOf(fields, "type", TYPES),
    sizeBytes: sizeOf(fields, "size"),
    mtimeNs: nanosecondsOf(fields, "mtimeNs"),
    mode: countOf(fields, "mode", 0o7777),
    ...ownerIn(fields),
  };
}

/** The agents of guests that run since before the daemon's update do not say it. */
function ownerIn(fields: Fields): Pick<GuestEntry, "owner"> {
  if (!Object.hasOwn(fields, "uid")) return {};
  const owner = { uid: countOf(fields, "uid", MAX_ID), gid: countOf(fields, "gid", MAX_ID) };
  return { owner };
}

/** Whoever joins it to a path stays below that path. */
function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}
