/** The stream of events, as programs read it, from hosts that keep the rules and from one that does not. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { test } from "node:test";

import { AlcoveClient } from "./browser/index.ts";
import { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";

const EVENT = {
  id: 8,
  at: "2026-01-02T03:04:05Z",
  vm_id: "v",
  hostname: "sbox-1",
  input: "start",
  phase: "starting",
};
const HELLO = frame("hello", { id: 7, version: "1", started_at: EVENT.at }, 7);

function frame(event: string, data: object, id?: number): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

interface TestHost extends AsyncDisposable {
  readonly client: AlcoveClient;
  readonly asked: IncomingMessage[];
}

async function hostThat(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<TestHost> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  const client = new AlcoveClient({ baseURL: `http://127.0.0.1:${address.port}` });
  const end = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { client, asked, [Symbol.asyncDispose]: end };
}

function stream(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(text);
}

test("events: each kind is what it says, what is not known is left out, and the end is the end", async () => {
  await using host = await hostThat((response) => {
    stream(response, HELLO + frame("vm", { ...EVENT, vm: null }, 8));
    const gap = frame("gap", { oldest: 3, id: 9 }, 9);
    const changed = frame("changed", { what: "templates" });
    response.end(
      `:\n\n${frame("later", { any: 1 })}${gap}${changed}${frame("host", { at: 5, cpu: 0.5 })}`,
    );
  });
  const told: unknown[] = [];
  for await (const event of host.client.events({ after: 6 })) told.push(event);
  const { vm_id: vmId, ...rest } = EVENT;
  assert.deepEqual(told, [
    { kind: "hello", data: { id: 7, version: "1", startedAt: EVENT.at } },
    { kind: "vm", data: { ...rest, vmId, vm: null } },
    { kind: "gap", data: { oldest: 3, id: 9 } },
    { kind: "changed", data: { what: "templates" } },
    { kind: "host", data: { at: 5, cpu: 0.5 } },
  ]);
  const [request] = host.asked;
  assert.equal(request?.url, "/v1/events?after=6");
  assert.equal(request?.headers.accept, "text/event-stream");
});

test("events: who leaves, or whose signal aborts, ends the request", async () => {
  const closed: Promise<unknown>[] = [];
  await using host = await hostThat((response) => {
    closed.push(once(response, "close"));
    stream(response, HELLO);
  });
  for await (const event of host.client.events()) {
    assert.equal(event.kind, "hello");
    break;
  }
  const reader = new AbortController();
  const reading = async (): Promise<void> => {
    for await (const _event of host.client.events({ signal: reader.signal }))
      reader.abort(new Error("enough"));
  };
  await assert.rejects(reading(), /enough/);
  await Promise.all(closed);
  assert.equal(closed.length, 2);
});

test("events: a host that says nothing any more is not there any more", async (context) => {
  await using host = await hostThat((response) => stream(response, HELLO));
  const events = host.client.events();
  await events.next();
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const next = events.next();
  next.catch(() => {}); // looked at below
  await new Promise((resolve) => setImmediate(resolve));
  context.mock.timers.tick(45_000);
  await assert.rejects(next, (error) => error instanceof AlcoveConnectionError);
});

test("events: what is no event is said to be none", async () => {
  for (const text of ["event: vm\ndata: {\n\n", frame("vm", { id: 1 }), frame("changed", {})]) {
    await using host = await hostThat((response) => stream(response, text));
    await assert.rejects(
      host.client.events().next(),
      (error) => error instanceof AlcoveProtocolError,
    );
  }
});

test("events: lists of what was are asked for with their bounds", async () => {
  await using host = await hostThat((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify([EVENT]));
  });
  const [recent] = await host.client.recentEvents({ limit: 5 });
  assert.equal(recent?.vmId, "v");
  await host.client.vms.attach("sbox", "sbox-1").timeline({ limit: 2, before: 9 });
  assert.deepEqual(
    host.asked.map(({ url }) => url),
    ["/v1/events?limit=5", "/v1/vms/sbox-1/events?limit=2&before=9"],
  );
});
