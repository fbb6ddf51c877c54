import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { after, test } from "node:test";

import type { GuestWatch } from "#core/ports/guest-watch.ts";
import { eventually } from "#testing/eventually.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, count, exactly, flag, shape, time } from "#testing/strict-json.ts";
import { dialerWith } from "#testing/troubles.ts";

/** watches as the guest was asked for them, newest last */
const asked: { wanted: GuestWatch; signal: AbortSignal }[] = [];

const api = await SlicerApi.make({
  parts: (host) => ({
    dialer: dialerWith(host.dialer, (link) => ({
      watch: (wanted, signal) => {
        asked.push({ wanted, signal });
        return link.watch(wanted, signal);
      },
    })),
  }),
});
after(() => api[Symbol.asyncDispose]());
const [host = "", port = ""] = (await api.listen()).split(":");
const hostname = await api.vm();
const WATCH = `/vm/${hostname}/fs/watch`;

const EVENT = {
  id: count,
  path: exactly("/root/f"),
  timestamp: time,
  size: exactly(2),
  isDir: flag,
};

async function sh(script: string): Promise<void> {
  const query = new URLSearchParams({ cmd: script, shell: "/bin/sh" });
  const { text } = await api.call(`POST /vm/${hostname}/exec?${query.toString()}`);
  assert.match(text, /"exit_code":0/);
}

/** An answer that has begun: what came of it so far. */
async function open(query: string): Promise<{ response: IncomingMessage; text: () => string }> {
  const asking = request({ host, port, path: `${WATCH}?${query}` }).end();
  const [response]: IncomingMessage[] = await once(asking, "response");
  assert.ok(response);
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  response.on("error", () => undefined); // some are left on purpose
  return { response, text: () => text };
}

test("slicer watch: events as they happen, each a block of lines", async () => {
  const { response, text } = await open("paths=/root&max_events=2&debounce=0s");
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers["content-type"], "text/event-stream");
  await eventually("the first comment", () => text() === ":\n\n");
  await sh("echo a > f");
  await once(response, "end");
  const blocks = text().split("\n\n").slice(1, -1);
  assert.equal(blocks.length, 2);
  for (const [index, type] of ["create", "write"].entries()) {
    const [id, event, data = ""] = blocks[index]?.split("\n") ?? [];
    assert.deepEqual([id, event], [`id: ${index + 1}`, "event: watch"]);
    assertStrict(data.replace("data: ", ""), shape({ ...EVENT, type: exactly(type) }));
  }
});

test("slicer watch: a client that leaves ends it in the guest", async () => {
  const { response } = await open("paths=/root");
  const { signal } = asked.at(-1) ?? assert.fail("nothing was asked");
  assert.equal(signal.aborted, false);
  response.destroy();
  await eventually("the end of the watch", () => signal.aborted);
});

test("slicer watch: a timeout ends it well, one_shot after the first", async () => {
  const quiet = await api.call(`GET ${WATCH}?paths=/root&timeout=50ms`);
  assert.deepEqual([quiet.status, quiet.text], [200, ":\n\n"]);
  const { response, text } = await open("paths=/root&one_shot=true&max_events=7");
  await sh("echo a > g; echo b > h");
  await once(response, "end");
  assert.equal(text().match(/^id: /gm)?.length, 1);
});

const ORDERS: readonly (readonly [query: string, wanted: Partial<GuestWatch>])[] = [
  ["paths=/root", { recursive: false, debounceMs: 200, user: "default", types: [], patterns: [] }],
  ["paths=/root&paths=/tmp", { paths: ["/root", "/tmp"] }],
  ["paths=~&uid=0&recursive=true", { user: { uid: 0, gid: undefined }, recursive: true }],
  ["paths=/root&uid=4294967295", { user: "default" }],
  ["paths=/root&events=create&events=write", { types: ["create", "write"] }],
  ["paths=/root&events=all", { types: ["create", "write", "remove", "rename", "chmod"] }],
  ["paths=/root&patterns=*.a&patterns=/b/*", { patterns: ["*.a", "/b/*"] }],
  ["paths=/root&debounce=1.5s", { debounceMs: 1500 }],
];

for (const [query, wanted] of ORDERS) {
  test(`slicer watch: ?${query} is understood`, async () => {
    const { status } = await api.call(`GET ${WATCH}?${query}&timeout=1ms`);
    assert.equal(status, 200);
    assert.partialDeepStrictEqual(asked.at(-1)?.wanted, wanted);
  });
}

for (const query of [
  "",
  "paths=",
  "paths=/root&events=explode",
  "paths=/root&debounce=soon",
  "paths=/root&debounce=2m",
  "paths=/root&timeout=-1s",
  "paths=/root&max_events=-1",
  "paths=/root&max_events=1.5",
  "paths=/root&recursive=perhaps",
  "paths=/root&uid=root",
]) {
  test(`slicer watch: ?${query} is 400`, async () => {
    assert.equal((await api.call(`GET ${WATCH}?${query}`)).status, 400);
  });
}

test("slicer watch: the last event's id must be a number of 64 bits", async () => {
  for (const [id, status] of [
    ["0", 200],
    ["18446744073709551615", 200],
    ["18446744073709551616", 400],
    ["-1", 400],
    ["seven", 400],
  ] as const) {
    const headers = { "last-event-id": id };
    const answer = await api.call(`GET ${WATCH}?paths=/root&timeout=1ms`, { headers });
    assert.equal(answer.status, status, id);
  }
});

test("slicer watch: what is not there is 404", async () => {
  assert.equal((await api.call(`GET ${WATCH}?paths=/nowhere`)).status, 404);
  assert.equal((await api.call("GET /vm/sbox-9/fs/watch?paths=/root")).status, 404);
});
