/** How watching a VM's log ends when neither the VM nor the node ends it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { type Gate, OWNER } from "./testing/fake-node.ts";
import { SpawnedCli } from "./testing/spawned-cli.ts";
import { type NodeStory, withNode } from "./testing/with-node.ts";

const VM = "aa11".repeat(16);

/** @param begun is told when a watcher has come; it never gets further */
function endlessGate(begun: () => void): Gate {
  return {
    caller: async () => OWNER,
    refusesWatcher: async () => {
      begun();
      return await new Promise<undefined>(() => undefined);
    },
  };
}

/** A command that watches over a WebSocket, and waits. */
async function whileWatching(
  then: (given: NodeStory, watching: SpawnedCli) => Promise<void>,
): Promise<void> {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  await withNode(endlessGate(resolve), async (given) => {
    await given.run(`sign-in --key-file ${given.keyFile}`);
    const env = { HOME: given.dir, ALCOVE_ALEPH_URL: given.node.url };
    const watching = new SpawnedCli(["aleph", "logs", VM, "-f"], { env });
    await begun;
    await then(given, watching);
  });
}

describe("alcove aleph logs", { timeout: 60_000 }, () => {
  test("Ctrl-C ends it as a shell expects", async () => {
    await whileWatching(async (_given, watching) => {
      watching.process.kill("SIGINT");
      assert.deepEqual(await watching.ended, { exitCode: 130, stdout: "", stderr: "" });
    });
  });

  test("a node that is gone is said to be gone", async () => {
    await whileWatching(async ({ node }, watching) => {
      node.dropWatchers();
      const { exitCode, stderr } = await watching.ended;
      assert.equal(exitCode, 3);
      assert.match(stderr, /^alcove: The connection to http:\/\/127\.0\.0\.1:\d+ was lost\n$/);
    });
  });
});
