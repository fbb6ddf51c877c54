import assert from "node:assert/strict";
import { homedir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { describeEndpoint, parseEndpoint } from "./endpoint.ts";

test("endpoint: URLs and sockets are told apart as every client of this API does", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["https://host.example", "https://host.example:443"],
    ["http://[::1]:9/", "http://[::1]:9"],
    ["/run/alcove/api.sock", "/run/alcove/api.sock"],
    ["unix:///run/api", "/run/api"],
    ["~/api", path.join(homedir(), "api")],
    ["./api", path.resolve("api")],
    ["api.sock", path.resolve("api.sock")],
    ["http://files.sock", "http://files.sock:80"],
  ];
  const described = cases.map(([text]) => [text, describeEndpoint(parseEndpoint(text))]);
  assert.deepEqual(described, cases);
});

test("endpoint: what would be misunderstood is refused", () => {
  for (const text of [
    "ftp://x",
    "localhost:8080",
    "http://x/v1",
    "http://u:p@x",
    "http://x?a=1",
    "",
  ]) {
    assert.throws(() => parseEndpoint(text), TypeError, text);
  }
});
