/** The stream of events over real connections: how it begins, goes on, and ends. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as send } from "node:http";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as passed } from "node:timers/promises";

import type { StreamChanged, StreamHello, StreamVm, VmEvent } from "@alcove/api";
import { MIB } from "#lib/bytes.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

import { untilStuck } from "./events.ts";

const STREAM = { accept: "text/event-stream" };

interface Frame {
  readonly id: string | undefined;
  readonly event: string;
  /** JSON */
  readonly data: string;
}

/** One reader over a connection of its own. */
class Reader implements Disposable {
  text = "";
  ended = false;
  readonly #socket;

  constructor(address: string, headers = "", query = "") {
    const [host = "", port = ""] = address.split(":");
    const socket = connect(Number(port), host);
    socket.write(
      `GET /v1/events${query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n${headers}\r\n`,
    );
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => (this.text += text));
    socket.on("close", () => (this.ended = true));
    socket.on("error", () => {}); // an end like another
    this.#socket = socket;
  }

  get frames(): readonly Frame[] {
    const found = this.text.matchAll(/(?:id: (\d+)\n)?event: (\w+)\ndata: (.*)\n\n/g);
    return [...found].map(([, id, event = "", data = ""]) => ({ id, event, data }));
  }

  get events(): readonly StreamVm[] {
    return this.of("vm").map((data): StreamVm => JSON.parse(data));
  }

  get changes(): readonly StreamChanged[] {
    return this.of("changed").map((data): StreamChanged => JSON.parse(data));
  }

  /** the data of such events */
  of(event: string): readonly string[] {
    return this.frames.filter((frame) => frame.event === event).map(({ data }) => data);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

test("events: a stream says first who speaks, then what happens, with the VM as it is", async () => {
  await using api = await SlicerApi.make();
  const address = await api.listen();
  const early = await api.vm();
  using reader = new Reader(address);
  await eventually("it began", () => reader.frames.length === 1);
  const hello: StreamHello = JSON.parse(reader.of("hello")[0] ?? "");
  assert.equal(hello.version, "1.2.3");
  const known: VmEvent[] = JSON.parse((await api.call("GET /v1/events")).text);
  assert.equal(hello.id, known[0]?.id);
  assert.match(reader.text, /^content-type: text\/event-stream\r$/im);

  const vm = await api.vm({ tags: ["name=web", "a"] });
  await eventually("it runs", () => reader.events.length === 2);
  assert.doesNotMatch(reader.text, new RegExp(`"hostname":"${early}"`)); // that was before
  const [, runs] = reader.events;
  assert.equal(runs?.vm?.hostname, vm);
  assert.deepEqual(
    [runs?.phase, runs?.vm?.phase, runs?.vm?.friendly_name],
    ["running", "running", "web"],
  );
  await eventually("and is ready", () =>
    reader.changes.some((changed) => changed.vm?.ready === true),
  );
  await api.call(`DELETE /hostgroup/sbox/nodes/${vm}`);
  await eventually("it is gone", () => reader.events.at(-1)?.phase === "deleted");
  assert.equal(reader.events.at(-1)?.vm, null);
});

test("events: who comes again goes on where it was, by header or by query", async () => {
  await using api = await SlicerApi.make();
  const address = await api.listen();
  const vm = await api.vm();
  await api.call(`POST /vm/${vm}/pause`);
  for (const [header, query] of [
    ["Last-Event-ID: 1\r\n", ""],
    ["", "?after=1"],
    ["Last-Event-ID: 1\r\n", "?after=2"],
  ]) {
    using reader = new Reader(address, header, query);
    await eventually("the rest came", () => reader.events.length === 2);
    assert.deepEqual(reader.frames.map(({ id }) => id).slice(0, 3), ["1", "2", "3"]);
    assert.deepEqual(
      reader.events.map(({ input }) => input),
      ["booted", "pause"],
    );
  }
  using stranger = new Reader(address, "Last-Event-ID: 900\r\n");
  await eventually("there is a gap", () => stranger.frames.length > 1);
  assert.deepEqual(stranger.of("gap"), ['{"oldest":1,"id":3}']);
});

test("events: what is no place in a stream is refused in one sentence", async () => {
  await using api = await SlicerApi.make();
  const bad = await api.call("GET /v1/events", { headers: { ...STREAM, "last-event-id": "x" } });
  assert.deepEqual([bad.status, /Last-Event-ID/.test(bad.text)], [400, true]);
  assert.equal((await api.call("GET /v1/events?after=-1", { headers: STREAM })).status, 400);
  const list = await api.call("GET /v1/events?after=1");
  assert.deepEqual([list.status, /only a stream/.test(list.text)], [400, true]);
  const head = await api.call("HEAD /v1/events", { headers: STREAM });
  assert.deepEqual([head.status, head.headers["allow"]], [405, "GET"]);
});

test("events: many readers are told the same, and none of them outlives the daemon", async () => {
  await using api = await SlicerApi.make();
  const address = await api.listen();
  const readers = Array.from({ length: 64 }, () => new Reader(address));
  await eventually("all began", () => readers.every(({ text }) => text.includes("event: hello")));
  await api.vm();
  await eventually("all were told", () => readers.every(({ events }) => events.length === 2));
  await api.app.close();
  await eventually("all have ended", () => readers.every(({ ended }) => ended));
});

/** what is told of a VM with so many tags fills what the kernel buffers of a connection in a few hundred events */
const LONG_TAGS = Array.from({ length: 64 }, (_, at) => `${at}-${"x".repeat(240)}`);
const ROUNDS = 600;

test("events: a reader that takes nothing holds no memory, and is cut off", async () => {
  await using api = await SlicerApi.make();
  const connections: Socket[] = [];
  api.app.server.on("connection", (socket: Socket) => connections.push(socket));
  const address = await api.listen();
  const [host = "", port = ""] = address.split(":");
  const stuck = send({ host, port, path: "/v1/events", headers: STREAM });
  stuck.on("response", (answer) => void answer.pause());
  stuck.end();
  await once(stuck, "response");
  const vm = await api.vm({ tags: LONG_TAGS });
  for (let round = 0; round < ROUNDS; round += 1) {
    await api.vms.get(vm).pause(never);
    await api.vms.get(vm).resume(never);
    if (round % 20 === 0) await passed(25); // it is told in bundles: each has its turn
  }
  assert.equal(connections.length, 1);
  assert.ok(connections.every(({ writableLength }) => writableLength < 2 * MIB));
  stuck.destroy();

  let cut = 0;
  const pieces = untilStuck(endless(), 20, () => (cut += 1));
  await pieces.next(); // and then nobody asks for more
  await eventually("the connection is cut", () => cut === 1);
  await pieces.return(undefined);
});

async function* endless(): AsyncGenerator<string> {
  for (;;) yield "data: x\n\n";
}

/** enough to tell what each costs; making more takes far longer than listing them */
const LISTED = 200;
/** about 0.02 on a machine that is not busy */
const MOST_MS_EACH = 0.25;

test("accounts: many VMs are listed at once when nobody looks at their processes", async () => {
  await using api = await SlicerApi.make();
  await Promise.all(Array.from({ length: LISTED }, () => api.call("POST /hostgroup/sbox/nodes")));
  await eventually("all run", () => api.vms.list().every(({ phase }) => phase === "running"));
  await api.call("GET /v1/vms?memory=none"); // the first compiles
  const begun = performance.now();
  const { text } = await api.call("GET /v1/vms?memory=none");
  const tookMs = performance.now() - begun;
  const all: unknown[] = JSON.parse(text);
  assert.equal(all.length, LISTED);
  assert.ok(tookMs < LISTED * MOST_MS_EACH, `${tookMs} ms`);
});

test("timeline: one VM's events, backwards and in parts", async () => {
  await using api = await SlicerApi.make();
  const vm = await api.vm({ persistent: true });
  await api.vm();
  await api.call(`POST /vm/${vm}/pause`);
  const read = async (query: string): Promise<VmEvent[]> =>
    JSON.parse((await api.call(`GET /v1/vms/${vm}/events${query}`)).text);
  const all = await read("");
  assert.deepEqual(
    all.map(({ input }) => input),
    ["pause", "booted", "start"],
  );
  const [first] = await read("?limit=1");
  assert.equal(first?.input, "pause");
  const before = await read(`?before=${first?.id}`);
  assert.deepEqual(before, all.slice(1));
});
