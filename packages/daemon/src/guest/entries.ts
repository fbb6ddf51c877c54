/** What the guest says about its files: JSON → typed entries, all of it checked. Pure. */

import type { GuestEntry } from "#core/ports/guest-link.ts";

import {
  countOf,
  type Fields,
  fieldsOf,
  numberOf,
  oneOf,
  parseFields,
  verbatimOf,
} from "./fields.ts";
import { BrokenStream } from "./frames.ts";

const TYPES = ["file", "directory", "symlink", "other"] as const;
/** what Linux allows, in bytes; there are never more UTF-16 units */
const NAME_CHARS = 255;
/** of a directory listing; a name of 255 bytes that are all escaped, and the rest, are under half of it */
export const MAX_LINE_BYTES = 4096;
/** what a `Date` can hold */
const LAST_INSTANT_NS = 8_640_000_000_000_000_000_000n;

/** The entry in the result of a `stat`. */
export function readStat(reply: Fields): GuestEntry {
  return entryIn(fieldsOf(reply, "entry"), true);
}

/** One line of a directory listing. Throws `BrokenStream`. */
export function readEntry(line: Uint8Array): GuestEntry {
  return entryIn(parseFields(line), false);
}

function entryIn(fields: Fields, mayBePath: boolean): GuestEntry {
  const name = verbatimOf(fields, "name", NAME_CHARS);
  if (!isName(name) && !(mayBePath && ["/", ".", ".."].includes(name))) {
    throw new BrokenStream("an entry whose name cannot be one");
  }
  return {
    name,
    type: oneOf(fields, "type", TYPES),
    // A sparse file may claim more than a number holds exactly: it is as good as the largest.
    sizeBytes: Math.min(Math.floor(numberOf(fields, "size")), Number.MAX_SAFE_INTEGER),
    mtimeNs: instantIn(fields),
    mode: countOf(fields, "mode", 0o7777),
  };
}

/** Whoever joins it to a path stays below that path. */
function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}

/** A file may claim any time: what no `Date` can hold becomes the nearest that one can. */
function instantIn(fields: Fields): bigint {
  const text = verbatimOf(fields, "mtimeNs", 40);
  if (!/^-?\d{1,39}$/.test(text)) throw new BrokenStream(`the agent's "mtimeNs" is not a time`);
  const ns = BigInt(text);
  if (ns > LAST_INSTANT_NS) return LAST_INSTANT_NS;
  return ns < -LAST_INSTANT_NS ? -LAST_INSTANT_NS : ns;
}
