import assert from "node:assert/strict";
import { test } from "node:test";

import { surfaceWorld } from "#testing/aleph-surface.ts";
import { VM_HASH } from "#testing/aleph-signers.ts";

import { alephApplication } from "./application.ts";
import type { AlephParts } from "./parts.ts";

const PAGINATION = { pagination_page: 1, pagination_total: 2, pagination_per_page: 20 };

/** @param published in place of what does nothing */
async function applicationOf(published: Partial<AlephParts["published"]>) {
  const { parts } = surfaceWorld();
  return await alephApplication({ ...parts, published: { ...parts.published, ...published } });
}

test("Aleph store: a page of messages is written one after another, as one object", async () => {
  for (const messages of [[], [{ a: "ü" }], [{ a: 1 }, { b: [] }]]) {
    const app = await applicationOf({
      messages: async () => ({
        messages: (async function* () {
          yield* messages;
        })(),
        pagination: PAGINATION,
      }),
    });
    const answer = await app.inject({ method: "GET", url: "/api/v0/messages.json" });
    assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
    assert.deepEqual(answer.json(), { messages, ...PAGINATION });
    assert.match(answer.body, /^\{"messages": \[[ -~]*\], "pagination_page": 1, /);
    await app.close();
  }
});

test("Aleph store: nobody makes the node read a file by asking for its headers", async () => {
  let pieces = 0;
  async function* read() {
    pieces += 1;
    yield Buffer.from("the file");
  }
  const app = await applicationOf({ raw: async () => ({ sizeBytes: 8, read }) });
  const url = `/api/v0/storage/raw/${VM_HASH}`;
  const head = await app.inject({ method: "HEAD", url });
  assert.deepEqual([head.statusCode, head.headers["content-length"], head.body], [200, "8", ""]);
  assert.equal(pieces, 0);
  assert.equal((await app.inject({ method: "GET", url })).body, "the file");
  await app.close();
});
