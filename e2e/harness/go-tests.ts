/** Go's own test runner, told test by test: `go test -json` read as it goes. */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { describe, type TestContext } from "node:test";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { GO_TESTS, pathWithGo, whyNoGoTests } from "../../scripts/setup/go.mjs";
import { cannotRun, ROOT } from "./can-run.ts";
import { isObject } from "./json-value.ts";
import type { TestHost } from "./test-host.ts";

const run = promisify(execFile);

const LIMIT = "9m";
/** which tests, as a pattern of Go's; all of them when nothing is said */
const ONLY = process.env["E2E_GO_RUN"] ?? "";
/** the newest lines of output that are kept of one test */
const OUTPUT_LINES = 200;

/** A suite that needs Go; it is skipped, with the reason, where there is none, or for one of its own. */
export function goSuite(title: string, body: () => void, reason: string | false = false): void {
  describe(title, { skip: whyNot() || reason }, body);
}

/** @returns why the Go tests cannot run here, or `false` when they can */
function whyNot(): string | false {
  if (cannotRun !== false) return cannotRun;
  const reason = whyNoGoTests(ROOT);
  if (reason === undefined) return false;
  if (process.env["ALCOVE_REQUIRE_E2E"] === "1") {
    throw new Error(`ALCOVE_REQUIRE_E2E is set, but the Go tests cannot run here: ${reason}`);
  }
  return reason;
}

/** @returns what vet and gofmt have to say about the Go tests; nothing when all is well */
export async function goLints(): Promise<string> {
  const cwd = path.join(ROOT, GO_TESTS);
  const env = { ...process.env, PATH: pathWithGo() };
  const format = await run("gofmt", ["-l", "."], { cwd, env });
  const vet = await run("go", ["vet", "-tags=isolated", "./..."], { cwd, env }); // rejects with its complaints
  return format.stdout + vet.stdout;
}

/** What became of one top-level test; its subtests are in its output. */
interface GoTest {
  readonly name: string;
  readonly ended: Promise<GoEnd>;
}

interface GoEnd {
  readonly outcome: "pass" | "fail" | "skip";
  readonly output: string;
}

/**
 * Runs Go tests against a daemon, each as a test of its own below `t`.
 * @param which flags of `go test`; the pattern of the environment when nothing is said
 */
export async function judgedByGo(
  t: TestContext,
  host: TestHost,
  which: readonly string[] = [`-run=${ONLY}`],
): Promise<void> {
  const env = {
    SLICER_URL: `http://127.0.0.1:${await host.daemon.port()}`,
    SLICER_TOKEN: host.api.token,
    ALCOVE_TEST_SOCKET: path.join(host.dirs.runtime, "api.sock"),
  };
  let ran = 0;
  for await (const test of goTests(which, env)) {
    ran += 1;
    void t.test(`go sdk: ${test.name}`, () => judged(test, host));
  }
  assert.ok(ran > 0, "no Go test ran");
}

async function judged(test: GoTest, host: TestHost): Promise<void> {
  const since = host.daemon.lines.length;
  const { outcome, output } = await test.ended;
  if (outcome === "pass") return;
  host.printLog(since);
  assert.fail(`its outcome is "${outcome}":\n${output}`);
}

/** @yields each test as it begins. Throws in the end when something failed that is no test's failure. */
async function* goTests(which: readonly string[], env: NodeJS.ProcessEnv): AsyncGenerator<GoTest> {
  const args = ["test", "-json", "-count=1", `-timeout=${LIMIT}`, ...which, "./..."];
  using child = spawn("go", args, {
    cwd: path.join(ROOT, GO_TESTS),
    env: { ...process.env, PATH: pathWithGo(), ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const all = new GoRun();
  for await (const line of createInterface({ input: child.stdout })) {
    const begun = all.take(eventOf(line));
    if (begun) yield begun;
  }
  const [code] = await ended;
  all.close(Number(code));
}

interface GoEvent {
  readonly action: string;
  readonly test: string;
  readonly output: string;
}

/** What is known of a run of Go's tests while it goes on. */
class GoRun {
  readonly #running = new Map<string, { output: string[]; end: (end: GoEnd) => void }>();
  readonly #elsewhere: string[] = [];
  #failures = 0;

  /** @returns the test that begins with this event, if one does */
  take({ action, test, output }: GoEvent): GoTest | undefined {
    const [name = ""] = test.split("/"); // what a subtest says is its test's
    keep(output, this.#running.get(name)?.output ?? this.#elsewhere);
    if (test !== name || name === "") return undefined;
    if (action === "run") return this.#begin(name);
    if (action === "pass" || action === "fail" || action === "skip") this.#end(name, action);
    return undefined;
  }

  close(code: number): void {
    for (const name of this.#running.keys()) this.#end(name, "fail"); // the run broke off
    if (code === 0 || this.#failures > 0) return;
    throw new Error(`go test ended with ${code}:\n${this.#elsewhere.join("")}`);
  }

  #begin(name: string): GoTest {
    const { promise, resolve } = Promise.withResolvers<GoEnd>();
    this.#running.set(name, { output: [], end: resolve });
    return { name, ended: promise };
  }

  #end(name: string, outcome: GoEnd["outcome"]): void {
    const one = this.#running.get(name);
    if (outcome === "fail") this.#failures += 1;
    one?.end({ outcome, output: one.output.join("") });
    this.#running.delete(name);
  }
}

function keep(output: string, lines: string[]): void {
  if (output === "") return;
  lines.push(output);
  if (lines.length > OUTPUT_LINES) lines.shift();
}

function eventOf(line: string): GoEvent {
  const event = parsed(line);
  const { Action: action, Test: test, Output: output } = isObject(event) ? event : {};
  return { action: textOr(action), test: textOr(test), output: textOr(output) };
}

function textOr(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return { Output: `${line}\n` }; // a compiler's complaint, from an older Go
  }
}
