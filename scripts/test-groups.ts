/** Puts test files together, so that one process loads what many of them need. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface TestGroups extends Disposable {
  /** absolute; each imports its share of the files */
  readonly entries: readonly string[];
}

/** Neighbours are dealt out: what takes long often lies together. @param files relative to root */
export function groupsOf(root: string, files: readonly string[], count: number): TestGroups {
  const directory = mkdtempSync(join(tmpdir(), "alcove-tests-"));
  const shares = Array.from({ length: Math.min(count, files.length) }, (_, index) =>
    files.filter((_file, at) => at % count === index),
  );
  const entries = shares.map((share, index) => {
    const lines = share.map((file) => `import ${JSON.stringify(urlOf(root, file))};\n`);
    const entry = join(directory, `group-${index + 1}.mjs`);
    writeFileSync(entry, lines.join(""));
    return entry;
  });
  return {
    entries,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function urlOf(root: string, file: string): string {
  return pathToFileURL(join(root, file)).href;
}
