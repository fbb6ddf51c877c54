import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { withClient, withHost } from "./testing/with-host.ts";

const never = new AbortController().signal;

describe("live forks", { timeout: 60_000 }, () => {
  test("a VM that runs is forked, in the API's words", async () => {
    await withHost({}, async (api, host) => {
      host.addVm("vm-1");
      const spec = { count: 2, tags: ["a"], wait: "none", timeout_ms: 1500 } as const;
      const {
        source,
        children,
        failures,
        pause_ms: pauseMs,
      } = await api.native.forkVm("vm-1", spec, never);
      assert.deepEqual([source, failures, pauseMs], ["vm-1", [], 12.5]);
      assert.deepEqual(
        children.map(({ hostname, tags }) => [hostname, tags]),
        [
          ["vm-1-child-1", ["a"]],
          ["vm-1-child-2", ["a"]],
        ],
      );
      assert.equal(host.seen.at(-1)?.path, "/v1/vms/vm-1/fork");
      assert.deepEqual(JSON.parse(String(host.seen.at(-1)?.body)), spec);
      await assert.rejects(api.native.forkVm("vm-2", {}, never), {
        status: 404,
        code: "vm_not_found",
      });
      await assert.rejects(api.native.forkVm("..", {}, never), /not a name/);
    });
  });

  test("the same, as a TypeScript program writes it", async () => {
    await withClient({}, async (client, host) => {
      host.addVm("vm-1");
      const vm = await client.vms.get("vm-1");
      assert.ok(vm);
      const { children, pauseMs } = await vm.fork({ tagMode: "replace", waitTimeoutSec: 1.5 });
      assert.equal(pauseMs, 12.5);
      assert.equal(children[0]?.receipt?.machineId, "0123456789abcdef0123456789abcdef");
      const sent: unknown = JSON.parse(String(host.seen.at(-1)?.body));
      assert.deepEqual(sent, { tag_mode: "replace", timeout_ms: 1500 });
    });
  });
});
