import assert from "node:assert/strict";
import { after, test } from "node:test";

import { ApiDocument } from "#testing/api-document.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const api = await SlicerApi.make({ token: "t0ken" });
after(() => api[Symbol.asyncDispose]());
const headers = { authorization: "Bearer t0ken" };
const { text } = await api.call("GET /openapi.json", { headers });
const document = new ApiDocument(text);

test("openapi: the document needs the token, like all that tells what there is", async () => {
  assert.equal((await api.call("GET /openapi.json")).status, 401);
  const { status, type } = await api.call("GET /openapi.json", { headers });
  assert.deepEqual([status, type], [200, "application/json; charset=utf-8"]);
  assert.equal(JSON.parse(text).openapi, "3.1.0");
});

/** What else is open refuses wrong methods, or is the console's. */
const FOR_ANYBODY = new Set([
  "GET /healthz",
  "GET /v1/session",
  "POST /v1/session",
  "DELETE /v1/session",
]);

test("openapi: every route that is registered is described, and every description has a route", () => {
  const served = api.routes
    .filter(({ method, url, access }) => access !== "open" || FOR_ANYBODY.has(`${method} ${url}`))
    .filter(({ method }) => method !== "HEAD")
    .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, "{$1}")}`);
  const described = document.operations
    .filter(({ method }) => method !== "HEAD")
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(described.toSorted(), served.toSorted());
});

test("openapi: each operation has a name of its own, and its parts say what they are", () => {
  const ids = document.operations.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { operationId, summary, responses, parameters = [], path } of document.operations) {
    assert.match(operationId, /^[a-z][A-Za-z]+$/);
    assert.match(summary, /^[A-Z].*[^.]$/);
    for (const { description } of Object.values(responses)) assert.match(description, /^[A-Z]/);
    const inPath = parameters.filter((it) => it.in === "path").map(({ name }) => name);
    const named = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => name);
    assert.deepEqual(inPath.toSorted(), named.toSorted(), path);
    for (const it of parameters)
      assert.ok(it.in !== "query" || it.description, `${path} ${it.name}`);
  }
});

test("openapi: every reference leads somewhere", () => {
  const { components } = JSON.parse(text);
  for (const [, name] of text.matchAll(/"\$ref":"([^"]+)"/g)) {
    assert.match(name ?? "", /^#\/components\/schemas\//);
    assert.ok(Object.hasOwn(components.schemas, (name ?? "").split("/").at(-1) ?? ""), name);
  }
});
