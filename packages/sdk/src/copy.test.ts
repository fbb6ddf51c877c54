import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, test } from "node:test";

import { AlcoveProtocolError } from "./errors.ts";
import { openHostApi } from "./node/open-host.ts";
import { rawServer, withHost } from "./testing/with-host.ts";

const never = new AbortController().signal;

describe("copy", { timeout: 60_000 }, () => {
  test("a file goes in and comes out byte for byte", async () => {
    await withHost({}, async (client) => {
      const content = randomBytes(3_000_001);
      const into = { path: "/tmp/f", mode: "binary", permissions: "0640" } as const;
      await client.copyIn("vm-1", into, Readable.from([content]), never);
      const copy = await client.copyOut("vm-1", { path: "/tmp/f", mode: "any" }, never);
      const chunks = await Array.fromAsync(copy.content);
      assert.ok(Buffer.concat(chunks).equals(content));
      const { mode, name, permissions, sizeBytes } = copy;
      assert.deepEqual(
        { mode, name, permissions, sizeBytes },
        { mode: "binary", name: "f", permissions: 0o640, sizeBytes: 3_000_001 },
      );
    });
  });

  test("a source that fails breaks the upload off: the host sees no complete file", async () => {
    await withHost({}, async (client, host) => {
      const source = new Readable({
        read() {
          this.destroy(new Error("unreadable"));
        },
      });
      const into = { path: "/tmp/f", mode: "binary" } as const;
      await assert.rejects(client.copyIn("vm-1", into, source, never), /unreadable/);
      assert.equal(host.files.size, 0);
    });
  });

  test("a source name that is a path is refused", async () => {
    await using server = await rawServer((_, response) => {
      const name = Buffer.from("../../etc/cron.d/x").toString("base64url");
      response.writeHead(200, { "x-slicer-source-name-base64": name }).end("x");
    });
    using client = openHostApi({ baseURL: server.url });
    await assert.rejects(
      client.copyOut("vm-1", { path: "/x", mode: "any" }, never),
      AlcoveProtocolError,
    );
  });
});
