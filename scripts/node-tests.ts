/** Runs test files with Node's own runner and counts what became of each test, skips with their reasons. */

import { readFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { run } from "node:test";
import type { EventData } from "node:test";
import { inspect } from "node:util";
import type { Tally } from "./tally.ts";
import { emptyTally } from "./tally.ts";

const LOG_LINES = 40;

export interface NodeTests {
  readonly title: string;
  readonly root: string;
  /** paths relative to root */
  readonly files: readonly string[];
  /** what is run in their place: files that import them, several each; absolute */
  readonly entries?: readonly string[];
  readonly concurrency: number;
  /** for one test; a test may set a shorter one itself */
  readonly timeoutMs: number;
  /** for all of them; what still runs then is ended and counts as failed */
  readonly deadlineMs: number;
  /** prints each test as it ends, not only the failed ones */
  readonly verbose: boolean;
}

export async function runNodeTests(tests: NodeTests, signal: AbortSignal): Promise<Tally> {
  const { title, root, concurrency, timeoutMs, deadlineMs } = tests;
  // Absolute, so that events about a file's tests and about its output name it alike.
  const files = tests.files.map((file) => join(root, file));
  const tally = emptyTally(title);
  if (files.length === 0) {
    tally.failures.push("no test file was found");
    return tally;
  }
  const output = new LastLines();
  const stream = run({
    cwd: root,
    files: tests.entries ?? files,
    concurrency,
    timeout: timeoutMs,
    // A test that timed out may leave a socket open; without this its file would never end.
    forceExit: true,
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
  });
  stream.on("test:stdout", ({ file, message }) => output.add(file, message));
  stream.on("test:stderr", ({ file, message }) => output.add(file, message));
  stream.on("test:pass", (data) => passed(tests, tally, data));
  stream.on("test:fail", (data) => {
    if (isTest(data)) failed(tests, tally, data, output);
  });
  for await (const _ of stream) {
    // Reading the stream to its end is what makes it run.
  }
  // In a group nobody is told which of the files ran none.
  for (const file of tests.entries ? tests.files.filter((it) => !namesTest(root, it)) : []) {
    tally.failures.push(`${file} holds no test`);
  }
  return tally;
}

function namesTest(root: string, file: string): boolean {
  return /\b(?:test|it|describe\w*)\(/.test(readFileSync(join(root, file), "utf8"));
}

type Ended = EventData.TestPass | EventData.TestFail;

/** A suite fails because a test in it failed, which is counted already; a skipped suite hides tests. */
function isTest(data: Ended): boolean {
  if (data.details.type !== "suite") return true;
  if (data.skip !== undefined) return true;
  const error = "error" in data.details ? data.details.error : undefined;
  return error !== undefined && "failureType" in error && error.failureType !== "subtestsFailed";
}

function passed(tests: NodeTests, tally: Tally, data: EventData.TestPass): void {
  if (!isTest(data)) return;
  const where = placeOf(tests.root, data);
  const reason = data.skip ?? data.todo;
  if (reason !== undefined) {
    tally.skips.push(`${where}: ${typeof reason === "string" ? reason : "no reason given"}`);
    return;
  }
  if (isFile(data)) {
    tally.failures.push(`${where} holds no test`);
    return;
  }
  tally.passed += 1;
  if (tests.verbose) console.log(`   ok ${data.name} (${Math.round(data.details.duration_ms)} ms)`);
}

function failed(tests: NodeTests, tally: Tally, data: EventData.TestFail, output: LastLines): void {
  const where = placeOf(tests.root, data);
  // A parent that failed only because of its child was counted with the child.
  const { error } = data.details;
  if ("failureType" in error && error.failureType === "subtestsFailed") return;
  tally.failures.push(where);
  console.log(`\nFAILED ${where}\n${inspect(error.cause ?? error, { depth: 6 })}`);
  const lines = output.take(data.file);
  if (lines.length > 0) console.log(`--- its last output\n${lines.join("\n")}\n---`);
}

/** A file that ran no test, or ended before it could say which, is reported as a test of its own. */
function isFile({ nesting, name }: Ended): boolean {
  return nesting === 0 && isAbsolute(name);
}

function placeOf(root: string, data: Ended): string {
  if (isFile(data)) return relative(root, data.name);
  const file = data.file === undefined ? "" : `${relative(root, data.file)}: `;
  return `${file}${data.name}`;
}

/** The newest lines that each test file printed. */
class LastLines {
  readonly #lines = new Map<string, string[]>();

  add(file: string, text: string): void {
    const lines = [...(this.#lines.get(file) ?? []), ...text.trimEnd().split("\n")];
    this.#lines.set(file, lines.slice(-LOG_LINES));
  }

  /** @returns the lines of `file`, once: its next failure starts afresh */
  take(file: string | undefined): readonly string[] {
    if (file === undefined) return [];
    const lines = this.#lines.get(file) ?? [];
    this.#lines.delete(file);
    return lines;
  }
}
