/** Programs in the background of a guest, asked about as clients do. */

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";

import type { Answer, Api, Query } from "./api.ts";
import { asObject, asObjects, assertTime, type JsonObject, textIn } from "./json-value.ts";

/** The programs of one VM. */
export class Background {
  readonly #api: Api;
  readonly #path: string;

  constructor(api: Api, hostname: string) {
    this.#api = api;
    this.#path = `/vm/${hostname}/exec`;
  }

  /** @returns the id of the program that was started */
  async start(query: Query): Promise<string> {
    const answer = await this.#api.post(this.#path, { query: { background: true, ...query } });
    assert.equal(answer.status, 201, answer.text);
    const started = asObject(answer.json);
    assertTime(started["started_at"]);
    assert.ok(Number(started["pid"]) > 0 && Number(started["ring_bytes"]) > 0);
    const id = textIn(started, "exec_id");
    assert.match(id, /^ex_/);
    return id;
  }

  sh(script: string, more: Query = {}): Promise<string> {
    return this.start({ cmd: script, shell: "/bin/sh", uid: 0, ...more });
  }

  async list(): Promise<readonly JsonObject[]> {
    const answer = await this.#api.get(this.#path);
    assert.equal(answer.status, 200, answer.text);
    return asObjects(answer.json);
  }

  async info(id: string): Promise<JsonObject> {
    return asObject(ok(await this.#api.get(`${this.#path}/${id}`)).json);
  }

  async wait(id: string, timeout?: number): Promise<JsonObject> {
    const query: Query = timeout === undefined ? {} : { timeout };
    return asObject(ok(await this.#api.get(`${this.#path}/${id}/wait-exit`, { query })).json);
  }

  async kill(id: string, how: object = {}): Promise<JsonObject> {
    return asObject(ok(await this.#api.post(`${this.#path}/${id}/kill`, { json: how })).json);
  }

  async reap(id: string): Promise<void> {
    const answer = ok(await this.#api.delete(`${this.#path}/${id}`));
    assert.deepEqual(answer.json, { exec_id: id, reaped: true });
  }

  /** @returns the status of an answer to `GET …/exec/id`, or of what else is named */
  async status(id: string, method = "GET", rest = ""): Promise<number> {
    return (await this.#api.ask(method, `${this.#path}/${id}${rest}`)).status;
  }

  /** All frames of an answer that ends. */
  async logs(id: string, query: Query = {}): Promise<readonly LogFrame[]> {
    return Array.fromAsync(framesOf(await this.follow(id, query)));
  }

  async follow(id: string, query: Query = {}): Promise<IncomingMessage> {
    const { response } = await this.#api.open("GET", `${this.#path}/${id}/logs`, { query });
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers["content-type"], "application/x-ndjson");
    return response;
  }
}

export interface LogFrame {
  readonly id: number;
  readonly type: string;
  /** decoded */
  readonly stdout: string;
  readonly stderr: string;
  readonly fields: JsonObject;
}

export async function* framesOf(response: IncomingMessage): AsyncGenerator<LogFrame> {
  for await (const line of createInterface({ input: response })) {
    const fields = asObject(JSON.parse(line));
    assertTime(fields["timestamp"]);
    assert.ok(Number.isInteger(fields["exit_code"] ?? 0), line);
    const coding = fields["encoding"] === "base64" ? "base64" : "utf8";
    const text = (name: string) => Buffer.from(textIn(fields, name), coding).toString("latin1");
    yield {
      id: Number(fields["id"]),
      type: textIn(fields, "type"),
      stdout: text("stdout"),
      stderr: text("stderr"),
      fields,
    };
  }
}

function ok(answer: Answer): Answer {
  assert.equal(answer.status, 200, answer.text);
  return answer;
}
