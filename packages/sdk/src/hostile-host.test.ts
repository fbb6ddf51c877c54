/** A host that answers anything: every call ends in a value of its type or in an error of ours. */

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { AlcoveApiError } from "./api-error.ts";
import { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";
import type { Vm } from "./client/vm.ts";
import { AlcoveClient } from "./node/alcove-client.ts";
import { rawServer } from "./testing/with-host.ts";

const CALLS: readonly ((client: AlcoveClient, vm: Vm<Buffer>) => Promise<unknown>)[] = [
  (client) => client.info(),
  (client) => client.hostGroups.list(),
  (client) => client.vms.list(),
  (client) => client.vms.get("web"),
  (client) => client.vms.stats(),
  (client) => client.vms.create("sbox"),
  (client) => client.secrets.list(),
  (_, vm) => vm.describe(),
  (_, vm) => vm.health(),
  (_, vm) => vm.stats(),
  (_, vm) => vm.logs(),
  (_, vm) => vm.getTags(),
  (_, vm) => vm.relaunch(),
  (_, vm) => vm.delete(),
  (_, vm) => vm.execBuffered({ command: "x" }),
  (_, vm) => vm.fs.stat("/x"),
  (_, vm) => vm.fs.readDir("/x"),
  (_, vm) => vm.fs.readFile("/x"),
  (_, vm) => Array.fromAsync(vm.fs.watch({ paths: ["/x"] })),
  (_, vm) => vm.bg.exec({ command: "x" }),
  (_, vm) => vm.bg.list(),
  (_, vm) => vm.bg.info("ex_1"),
  (_, vm) => vm.bg.wait("ex_1"),
  (_, vm) => Array.fromAsync(vm.bg.logs("ex_1")),
];

const TYPES = ["application/json", "application/x-ndjson", "text/event-stream", "text/html"];

test("hostile host: any answer to any call is a value or an error of ours", async () => {
  let [status, type, body] = [200, "application/json", ""];
  await using server = await rawServer((_, response) => {
    response.writeHead(status, { "content-type": type }).end(body);
  });
  using client = new AlcoveClient({ baseURL: server.url });
  const vm = client.vms.attach("sbox", "vm-1");
  const anyBody = fc.oneof(
    fc.json(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "[]", "{}", "null", "[null]", "data: 1\n\n", '{"type":"exit"}\n', "[{}]"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...CALLS),
      fc.constantFrom(200, 201, 204, 400, 404, 409, 500),
      fc.constantFrom(...TYPES),
      anyBody,
      async (call, ...answer) => {
        [status, type, body] = answer;
        const failure: unknown = await call(client, vm).then(
          () => undefined,
          (error: unknown) => error,
        );
        const isOurs =
          failure === undefined ||
          failure instanceof AlcoveApiError ||
          failure instanceof AlcoveProtocolError ||
          failure instanceof AlcoveConnectionError;
        assert.ok(isOurs, `${String(call)}: ${String(failure)}`);
      },
    ),
    { numRuns: 400 },
  );
});
