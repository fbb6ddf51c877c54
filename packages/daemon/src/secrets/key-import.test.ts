import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import { test } from "node:test";

import { never } from "#testing/fake-host.ts";

import { KeyImport } from "./key-import.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhc2U2NGVuY29kZWRwdWJsaWNrZXkwMDAwMDAwMDAw";

interface KeyServer extends AsyncDisposable {
  readonly base: string;
  readonly asked: readonly (string | undefined)[];
}

async function serving(answer: RequestListener): Promise<KeyServer> {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    base: `http://127.0.0.1:${address.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("key import: the keys of an account are the valid lines below its name", async () => {
  await using server = await serving((_, response) =>
    response.end(`${KEY}\nnot a key\n${KEY} b\n`),
  );
  assert.deepEqual(await new KeyImport(server.base).keysOf("ada-l", never), [KEY, `${KEY} b`]);
  assert.deepEqual(server.asked, ["/ada-l.keys"]);
});

const FAILURES: readonly (readonly [string, RequestListener, RegExp])[] = [
  ["no such account", (_, response) => void response.writeHead(404).end(KEY), /no such account/],
  ["a failure there", (_, response) => void response.writeHead(503).end(KEY), /status 503/],
  ["no keys", (_, response) => void response.end("\n"), /the account has no keys/],
  ["no end", (_, response) => void response.end("x".repeat(200_000)), /the answer is too long/],
  [
    "a redirect",
    (_, response) => void response.writeHead(302, { location: "/other.keys" }).end(),
    /redirect/,
  ],
  ["a cut connection", (_, response) => void response.destroy(), /other side closed|hang up|reset/],
];

for (const [what, answer, words] of FAILURES) {
  test(`key import: ${what} is a refusal that says so and what to do`, async () => {
    await using server = await serving(answer);
    await assert.rejects(new KeyImport(server.base).keysOf("ada", never), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, words);
      assert.match(
        error.message,
        /^The public keys of "ada" cannot be had from http.*ssh_keys instead$/,
      );
      return "code" in error && error.code === "keys_unavailable";
    });
  });
}

test("key import: a caller who leaves gets his own reason", async () => {
  await using server = await serving(() => undefined);
  const left = new AbortController();
  const keys = new KeyImport(server.base).keysOf("ada", left.signal);
  left.abort(new Error("the client left"));
  await assert.rejects(keys, /^Error: the client left$/);
});
