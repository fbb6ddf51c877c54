/** What somebody who misspelt a name probably meant. */

/** A name this close to a known one is taken for a slip. */
const NEAR = 4;

/** @returns "; did you mean X?", or nothing when no known name is close */
export function didYouMean(name: string, known: Iterable<string>): string {
  const [best] = [...known].toSorted((a, b) => distance(name, a) - distance(name, b));
  // Of a short name nearly everything is close: at most half of it may differ.
  const near = Math.min(NEAR, Math.ceil(name.length / 2));
  return best !== undefined && distance(name, best) <= near ? `; did you mean ${best}?` : "";
}

/** Edit distance: insertions, deletions and replacements of one character. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, charA] of a.split("").entries()) {
    const next = [i + 1];
    for (const [j, charB] of b.split("").entries()) {
      const replaced = (row[j] ?? 0) + (charA === charB ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
