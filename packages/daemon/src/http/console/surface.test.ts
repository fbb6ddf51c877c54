/** The console's files over HTTP: forms, caching, policies, and what is not there. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { FAKE_CONSOLE } from "#testing/fake-console.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

import { application } from "../server.ts";
import { consolePages } from "./surface.ts";

const api = await SlicerApi.make({ token: "t0ken" });
after(() => api[Symbol.asyncDispose]());
const PAGE = FAKE_CONSOLE.get("index.html")?.plain.toString();
const SCRIPT = FAKE_CONSOLE.get("assets/index-1a2b.js")?.plain.toString();

for (const path of ["/ui/", "/ui/vms", "/ui/vms/sbox-1/files", "/ui/vms/a.b", "/ui/index.html"]) {
  test(`console: ${path} is the first page, without a token`, async () => {
    const { status, type, text, headers } = await api.call(`GET ${path}`);
    assert.deepEqual([status, type, text], [200, "text/html; charset=utf-8", PAGE]);
    assert.equal(headers["cache-control"], "no-cache");
  });
}

const NOT_THERE = [
  "/ui/assets/gone-1.js",
  "/ui/assets/",
  "/ui/assets/x",
  "/ui/favicon.svg",
  "/ui/a/b.CSS",
];
for (const path of [...NOT_THERE, "/ui/assets/..%2findex.html", "/ui/index.html.br"]) {
  test(`console: ${path} is 404 and no page`, async () => {
    const { status, type } = await api.call(`GET ${path}`);
    if (path.endsWith(".br")) return assert.equal(status, 200); // an address like any other: no such file is served
    assert.deepEqual([status, type], [404, "text/plain"]);
  });
}

test("console: what has its content in its name is kept for ever, in the smallest form accepted", async () => {
  const forms: readonly (readonly [accepted: string, encoding: string | undefined])[] = [
    ["gzip, deflate, br, zstd", "br"],
    ["gzip", "gzip"],
    ["br;q=0, GZIP;q=0.5", "gzip"],
    ["identity", undefined],
    ["*", undefined],
  ];
  for (const [accepted, encoding] of forms) {
    const request = { headers: { "accept-encoding": accepted } };
    const { headers, bytes } = await api.call("GET /ui/assets/index-1a2b.js", request);
    assert.equal(headers["content-encoding"], encoding, accepted);
    assert.equal(headers["cache-control"], "public, max-age=31536000, immutable");
    assert.equal(headers["vary"], "accept-encoding");
    const plain = encoding === "br" ? brotliDecompressSync(bytes) : bytes;
    assert.equal((encoding === "gzip" ? gunzipSync(bytes) : plain).toString(), SCRIPT);
  }
});

test("console: a page that the browser has is not sent again", async () => {
  const etag = String((await api.call("GET /ui/")).headers["etag"]);
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`]) {
    const { status, text } = await api.call("GET /ui/vms", { headers: { "if-none-match": known } });
    assert.deepEqual([status, text], [304, ""]);
  }
  assert.equal((await api.call("GET /ui/", { headers: { "if-none-match": '"x"' } })).status, 200);
});

test("console: HEAD says what GET would", async () => {
  const { status, headers, text } = await api.call("HEAD /ui/");
  assert.deepEqual([status, text, headers["content-length"]], [200, "", String(PAGE?.length)]);
});

test("console: the policies admit nothing but the daemon's own files, and stand on every answer", async () => {
  for (const path of ["/ui/", "/ui/assets/index-1a2b.js", "/ui/assets/gone.js"]) {
    const { headers } = await api.call(`GET ${path}`);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.match(policy, /require-trusted-types-for .script.; trusted-types .none.$/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.match(String(headers["permissions-policy"]), /camera=\(\).*clipboard-write=\(self\)/);
  }
});

test("console: browsers are led to it, programs are told that there is nothing", async () => {
  const html = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
  const [root, bare] = [await api.call("GET /", html), await api.call("GET /ui")];
  assert.deepEqual([root.status, root.headers["location"]], [302, "/ui/"]);
  assert.deepEqual([bare.status, bare.headers["location"]], [308, "/ui/"]);
  const program = await api.call("GET /", { headers: { accept: "*/*" } });
  assert.deepEqual([program.status, JSON.parse(program.text).code], [404, "route_not_found"]);
  assert.equal((await api.call("POST /ui/vms")).status, 405);
});

test("console: one that is not built says how it is", async () => {
  const app = await application([consolePages(undefined, new RememberingLog())], undefined);
  for (const url of ["/ui/", "/ui/vms", "/ui/assets/x.js"]) {
    const { statusCode, payload } = await app.inject(url);
    assert.equal(statusCode, 503);
    assert.match(payload, /npm run build -w @alcove\/console/);
  }
  await app.close();
});
