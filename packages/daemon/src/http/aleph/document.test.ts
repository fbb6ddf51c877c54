import assert from "node:assert/strict";
import { test } from "node:test";

import { surfaceWorld } from "#testing/aleph-surface.ts";

import { alephDocument } from "./document.ts";
import { ROUTE_WORDS } from "./route-words.ts";

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
}

async function read(): Promise<Document> {
  return JSON.parse(JSON.stringify(await alephDocument(surfaceWorld().parts)));
}

test("document of an Aleph node: every route that is served is in it, and nothing else", async () => {
  const { paths } = await read();
  const told = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const known = Object.keys(ROUTE_WORDS).map((line) => line.replace(/:(\w+)/g, "{$1}"));
  assert.deepEqual(told.toSorted(), known.toSorted());
});

test("document of an Aleph node: each operation has a name of its own, its parameters, and who gets in", async () => {
  const { paths } = await read();
  const all = Object.values(paths).flatMap((it) => Object.values(it));
  assert.equal(new Set(all.map(({ operationId }) => operationId)).size, all.length);
  const stop = paths["/control/machine/{ref}/stop"]?.["post"];
  assert.deepEqual(
    stop?.parameters.map((it) => `${it.in} ${it.name}`),
    ["path ref"],
  );
  assert.ok(stop.security.length > 0);
  assert.deepEqual(paths["/about/executions/list"]?.["get"]?.security, []);
});
