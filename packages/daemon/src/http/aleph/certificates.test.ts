import assert from "node:assert/strict";
import { test } from "node:test";

import type { ConfidentialBackend } from "#core/aleph/ports/confidential-backend.ts";
import { surfaceWorld } from "#testing/aleph-surface.ts";

import { alephApplication } from "./application.ts";

const CHAIN = Buffer.from("0123456789");

async function ask(kind: ConfidentialBackend["kind"], headers: Record<string, string> = {}) {
  const { parts } = surfaceWorld();
  const machines = {
    measure: () => Promise.reject(new Error("nothing runs")),
    inject: () => Promise.reject(new Error("nothing runs")),
  };
  const backend = { kind, certificates: async () => CHAIN };
  const app = await alephApplication({ ...parts, confidential: { backend, machines } });
  try {
    return await app.inject({ method: "GET", url: "/about/certificates", headers });
  } finally {
    await app.close();
  }
}

test("certificates: they are a file that says when it is only played", async () => {
  const real = await ask("sev");
  assert.deepEqual([real.statusCode, real.body], [200, "0123456789"]);
  assert.equal(real.headers["content-type"], "application/octet-stream");
  assert.equal(real.headers["x-confidential-backend"], undefined);
  assert.equal((await ask("simulated")).headers["x-confidential-backend"], "simulated");
});

test("certificates: who has them already is told so", async () => {
  const { etag, "last-modified": since } = (await ask("sev")).headers;
  const tag = String(etag);
  const rows: readonly (readonly [headers: Record<string, string>, status: number])[] = [
    [{ "if-none-match": tag }, 304],
    [{ "if-none-match": `"other", W/${tag}` }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"other"' }, 200],
    [{ "if-none-match": '"other"', "if-modified-since": String(since) }, 200],
    [{ "if-modified-since": new Date(Date.now() + 5_000).toUTCString() }, 304],
    [{ "if-modified-since": "Sun, 01 Jun 2025 12:00:00 GMT" }, 200],
    [{ "if-modified-since": "yesterday" }, 200],
  ];
  for (const [headers, status] of rows) {
    assert.equal((await ask("sev", headers)).statusCode, status, JSON.stringify(headers));
  }
});

const RANGES: readonly (readonly [range: string, status: number, body: string, says: unknown])[] = [
  ["bytes=2-4", 206, "234", "bytes 2-4/10"],
  ["bytes=8-", 206, "89", "bytes 8-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
  ["bytes=10-", 416, "", "bytes */10"],
  ["bytes=-0", 416, "", "bytes */10"],
  ["bytes=-", 200, "0123456789", undefined],
  ["lines=1-2", 200, "0123456789", undefined],
];

for (const [range, status, body, says] of RANGES) {
  test(`certificates: ${range} is answered with ${status}`, async () => {
    const answer = await ask("sev", { range });
    assert.deepEqual([answer.statusCode, answer.body], [status, body]);
    assert.equal(answer.headers["content-range"], says);
  });
}
