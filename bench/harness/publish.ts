/** Prints a report, and keeps it: as JSON for programs, and between its markers in the document for people. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { markdownOf, type Report } from "./report.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const RESULTS = path.join(ROOT, "bench/generated");
const DOCUMENT = path.join(ROOT, "docs/performance.md");

export async function publish(report: Report, keep: "keep" | "print-only"): Promise<void> {
  const markdown = markdownOf(report);
  console.log(`\n${markdown}\n`);
  if (keep === "print-only") return;
  await mkdir(RESULTS, { recursive: true });
  const json = `${JSON.stringify(report, undefined, 1)}\n`;
  await writeFile(path.join(RESULTS, `${report.bench}.json`), json);
  const document = await readFile(DOCUMENT, "utf8");
  await writeFile(DOCUMENT, withSection(document, report.bench, markdown));
  console.log(`Kept in bench/generated/${report.bench}.json and docs/performance.md.`);
}

/** @throws when the document has lost its markers */
export function withSection(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- begin generated: ${name} -->`, `<!-- end generated: ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no place for ${name}`);
  return `${document.slice(0, from)}${begin}\n\n${content}\n\n${document.slice(to)}`;
}
