/** Background exec as the contract has it, with local processes and an unbounded ring. Only for tests. */

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { constants } from "node:os";

import { type Call, bodyOf, fail, json } from "./fake-answer.ts";

interface Started {
  readonly id: string;
  readonly pid: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly frames: object[];
  readonly changed: EventEmitter;
  end: { readonly exit_code: number; readonly signal?: string } | undefined;
}

const STARTED_AT = "2026-01-02T03:04:05Z";

export class FakeBackground {
  readonly #all = new Map<string, Started | "reaped">();
  /** frames below this id are gone: the log begins with a gap */
  firstId = 1;

  async answer(call: Call): Promise<void> {
    if (call.at.length > 3) await this.#one(call);
    else if (call.request.method === "POST") this.#start(call);
    else this.#list(call);
  }

  #start({ response, url }: Call): void {
    const [command, args] = [url.searchParams.get("cmd") ?? "", url.searchParams.getAll("args")];
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    child.once("error", (error) => fail(response, 400, "guest_refused", error.message));
    const { pid } = child;
    if (pid === undefined) return;
    const id = `ex_${this.#all.size + 1}`;
    const changed = new EventEmitter();
    const started: Started = { id, pid, command, args, frames: [], changed, end: undefined };
    this.#all.set(id, started);
    const add = (frame: object): void => {
      started.frames.push({ id: started.frames.length + 1, ...frame });
      changed.emit("frame");
    };
    add({ type: "started", pid });
    for (const type of ["stdout", "stderr"] as const) {
      child[type].on("data", (chunk: Buffer) =>
        add({ type, [type]: chunk.toString("base64"), encoding: "base64" }),
      );
    }
    child.once("close", (code, signal) => {
      const exit_code = signal ? 128 + constants.signals[signal] : (code ?? 1);
      started.end = { exit_code, ...(signal ? { signal } : {}) };
      add({ type: "exit", ...started.end });
    });
    json(response, 201, { exec_id: id, pid, started_at: STARTED_AT, ring_bytes: 1_048_576 });
  }

  #list({ response }: Call): void {
    const there = [...this.#all.values()].filter((one) => one !== "reaped");
    json(response, 200, there.map(infoOf));
  }

  async #one(call: Call): Promise<void> {
    const { request, response, at } = call;
    const [, , , id = "", verb] = at;
    const started = this.#all.get(id);
    if (started === undefined) return fail(response, 404, "exec_not_found", "No such command");
    if (started === "reaped") return fail(response, 410, "exec_reaped", "It was removed");
    if (request.method === "DELETE") return this.#remove(started, call);
    if (verb === "logs") return await this.#logs(started, call);
    if (verb === "kill") return kill(started, call);
    if (verb === "wait-exit") return await wait(started, call);
    json(response, 200, infoOf(started));
  }

  #remove({ id, end }: Started, { response }: Call): void {
    if (!end) return fail(response, 409, "wrong_phase", "It still runs");
    this.#all.set(id, "reaped");
    json(response, 200, { exec_id: id, reaped: true });
  }

  async #logs(started: Started, { response, url }: Call): Promise<void> {
    const { frames, changed } = started;
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const from = Number(url.searchParams.get("from_id") ?? 1);
    let at = Math.max(from, this.firstId) - 1;
    const write = (frame: object): void => void response.write(`${JSON.stringify(frame)}\n`);
    if (from < this.firstId) {
      const dropped = { dropped_bytes: 7, dropped_frames: this.firstId - from, message: "gone" };
      write({ id: this.firstId - 1, type: "gap", ...dropped });
    }
    const follow = url.searchParams.get("follow") === "true";
    const left = once(response, "close");
    while (!response.destroyed) {
      for (; at < frames.length; at += 1) write(frames[at] ?? {});
      if (!follow || started.end) break;
      await Promise.race([once(changed, "frame"), left]);
    }
    response.end();
  }
}

function kill({ id, pid, end }: Started, call: Call): void {
  const { signal: wanted } = bodyOf(call);
  const name = typeof wanted === "string" ? wanted : "TERM";
  if (!end) process.kill(-pid, `SIG${name}`);
  json(call.response, 200, { exec_id: id, pid, running: !end, signal_sent: `SIG${name}` });
}

async function wait(started: Started, { response, url }: Call): Promise<void> {
  const limit = AbortSignal.timeout(Number(url.searchParams.get("timeout") ?? 30) * 1000);
  while (!started.end && !limit.aborted) {
    await once(started.changed, "frame", { signal: limit }).catch(() => undefined); // the time is over
  }
  const { id, end } = started;
  json(response, 200, { exec_id: id, running: !end, ...end, timed_out: !end });
}

function infoOf({ id, pid, command, args, frames, end }: Started): object {
  const sizes = { bytes_written: 1, bytes_dropped: 0, ring_bytes: 1_048_576 };
  const next_id = frames.length + 1;
  const what = { exec_id: id, pid, command, args, started_at: STARTED_AT };
  return { ...what, ...sizes, next_id, running: !end, ...end };
}
