import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";

import fastify from "fastify";

import { unreadHeads } from "./heads.ts";
import { sendPieces } from "./streamed.ts";

test("HEAD: a stream is neither read nor opened, and its headers are told", async () => {
  const app = fastify();
  unreadHeads(app);
  const asked: string[] = [];
  async function* large(what: string) {
    asked.push(what);
    yield Buffer.alloc(1024);
  }
  app.get("/file", async (_request, reply) => {
    void reply.header("content-length", 1024);
    return reply.send(Readable.from(large("file"), { objectMode: false }));
  });
  app.get("/pieces", async (_request, reply) => sendPieces(reply, large("pieces")));
  app.get("/text", async () => "hello");

  const heads = await Promise.all(
    ["/file", "/pieces", "/text"].map((url) => app.inject({ method: "HEAD", url })),
  );
  assert.deepEqual(
    heads.map(({ statusCode, headers, body }) => [statusCode, headers["content-length"], body]),
    [
      [200, "1024", ""],
      [200, undefined, ""],
      [200, "5", ""],
    ],
  );
  assert.deepEqual(asked, []);
  assert.equal((await app.inject({ method: "GET", url: "/file" })).body.length, 1024);
  assert.deepEqual(asked, ["file"]);
  await app.close();
});
