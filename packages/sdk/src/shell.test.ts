import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { withHost } from "./testing/with-host.ts";

const never = new AbortController().signal;

describe("shell", { timeout: 60_000 }, () => {
  test("a shell echoes, resizes and ends", async () => {
    await withHost({}, async (client) => {
      await using shell = await client.shell("vm-1", { size: { cols: 80, rows: 24 } }, never);
      const seen = Array.fromAsync(shell.output, String);
      shell.resize({ cols: 120, rows: 40 });
      await shell.write("x".repeat(40_000));
      await shell.write(Buffer.from([4]));
      await shell.ended;
      const text = (await seen).join("");
      assert.ok(text.startsWith("80x24\r\n120x40\r\nxxx"));
      assert.equal(text.length, 15 + 40_000 + 1);
    });
  });

  test("a shell that is refused says why; an aborted one ends with the reason", async () => {
    await withHost({}, async (client) => {
      await assert.rejects(client.shell("vm-9", {}, never), { status: 404, code: "vm_not_found" });
      const controller = new AbortController();
      const shell = await client.shell("vm-1", {}, controller.signal);
      const reason = new Error("enough");
      controller.abort(reason);
      await assert.rejects(shell.ended, reason);
    });
  });
});
