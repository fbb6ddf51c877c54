/** A directory's entries as they are shown. */

import type { FsEntry } from "@alcove/sdk/browser/index.ts";

/** Directories first, then by name; numbers in names by their value. */
export function inOrder(entries: readonly FsEntry[]): readonly FsEntry[] {
  const names = new Intl.Collator(undefined, { numeric: true });
  return entries.toSorted((one, other) => {
    const rank = Number(other.type === "directory") - Number(one.type === "directory");
    return rank === 0 ? names.compare(one.name, other.name) : rank;
  });
}

/** A name whose bytes are not UTF-8 has lost them on the way, so the guest does not know it by what is left. */
export function isNameLost({ name }: FsEntry): boolean {
  return name.includes("\ufffd");
}

const LETTERS = ["---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"] as const;
/** by the first octal digit of four: what it adds to owner, group and others */
const SPECIAL = [
  [4, 2, "s"],
  [2, 5, "s"],
  [1, 8, "t"],
] as const;

/** @param mode octal; "0644" is "rw-r--r--" */
export function modeWords(mode: string): string {
  const digits = mode.padStart(4, "0").slice(-4);
  const triples = digits
    .slice(1)
    .split("")
    .map((digit) => LETTERS[Number(digit)] ?? "???");
  const letters = triples.join("").split("");
  for (const [bit, place, letter] of SPECIAL) {
    if ((Number(digits[0]) & bit) === 0) continue;
    letters[place] = letters[place] === "x" ? letter : letter.toUpperCase();
  }
  return letters.join("");
}

/** "0:0", or nothing where the guest's agent does not say */
export function ownerWords({ uid, gid }: FsEntry): string {
  if (uid === undefined) return "";
  const user = uid === 0 ? "root" : String(uid);
  return gid === uid || gid === undefined ? user : `${user}:${gid === 0 ? "root" : gid}`;
}
