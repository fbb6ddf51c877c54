/** Aleph's own Python client as a child process: it signs, sends, parses and judges; we ask it to. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import path from "node:path";
import { describe } from "node:test";
import { createInterface } from "node:readline";

import { pythonOf, sevctlOf, whyNoAlephClient } from "../../scripts/setup/test-tools.mjs";
import { cannotRun, ROOT, STATE } from "./can-run.ts";
import { asObject, type JsonObject, textIn } from "./json-value.ts";
import { inTime } from "./until.ts";

const DRIVER = path.join(ROOT, "e2e/aleph-python/drive.py");
const ANSWER_MS = 180_000;

/** Keys that everybody knows: never to be used for anything. */
export const WALLETS = {
  alice: "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  bob: "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
} as const;

/** A suite that needs the client; it is skipped, with the reason, where it is not installed. */
export function alephClientSuite(title: string, body: () => void): void {
  describe(title, { skip: whyNot() }, body);
}

function whyNot(): string | false {
  if (cannotRun !== false) return cannotRun;
  const reason = whyNoAlephClient(STATE);
  if (reason === undefined) return false;
  if (process.env["ALCOVE_REQUIRE_E2E"] === "1") {
    throw new Error(`ALCOVE_REQUIRE_E2E is set, but Aleph's client cannot run here: ${reason}`);
  }
  return reason;
}

export interface StatusAndText {
  readonly status: number;
  readonly text: string;
}

export class AlephClient implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;
  #words = "";

  /** @param node base URL; its host name is what the client signs for */
  constructor(node: string, key: string, chain: "ETH" | "SOL" = "ETH") {
    const settings = { node, key, chain, sevctl: sevctlOf(STATE) };
    this.#child = spawn(pythonOf(STATE), [DRIVER, JSON.stringify(settings)]);
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#answered(line));
    this.#child.stderr.on("data", (piece: Buffer) => {
      this.#words = (this.#words + piece.toString()).slice(-4096);
    });
    this.#child.once("close", () => this.#ended());
  }

  /** Rejects with what the client raised. */
  async ask(what: string, args: JsonObject = {}): Promise<unknown> {
    const id = ++this.#last;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#child.stdin.write(`${JSON.stringify({ id, do: what, with: args })}\n`);
    return inTime(`the Python client's answer to ${what}`, answer.promise, ANSWER_MS);
  }

  async object(what: string, args: JsonObject = {}): Promise<JsonObject> {
    return asObject(await this.ask(what, args));
  }

  /** A call of the client's that answers with the HTTP status and the body. */
  async status(what: string, args: JsonObject = {}): Promise<StatusAndText> {
    const answer = await this.object(what, args);
    return { status: Number(answer["status"]), text: textIn(answer, "text") };
  }

  /** One of VmClient's methods on a VM. */
  vm(call: string, vm: string, more: JsonObject = {}): Promise<StatusAndText> {
    return this.status("vm", { call, vm, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill("SIGKILL");
  }

  #answered(line: string): void {
    const answer = asObject(JSON.parse(line));
    const waiting = this.#waiting.get(Number(answer["id"]));
    this.#waiting.delete(Number(answer["id"]));
    if (answer["error"] === undefined) waiting?.resolve(answer["value"]);
    else waiting?.reject(new Error(textIn(answer, "error")));
  }

  #ended(): void {
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new Error(`the Python client ended: ${this.#words}`));
    }
    this.#waiting.clear();
  }
}
