import assert from "node:assert/strict";
import { test } from "node:test";

import { aRequest, FakeHost, never } from "#testing/fake-host.ts";
import { dialerWith } from "#testing/troubles.ts";

import type { GuestChange, GuestWatch } from "../ports/guest-watch.ts";
import { launch } from "../vm/launch.ts";
import { startWatch, type WatchOrder, type WatchSign } from "./watch.ts";

const wait = { until: "agent", timeoutMs: 5_000 } as const;
const watch: GuestWatch = {
  paths: ["/root"],
  user: "default",
  patterns: [],
  types: [],
  recursive: false,
  debounceMs: 0,
};
const endless: WatchOrder = { watch, maxChanges: undefined, timeoutMs: undefined };
const QUIET_MS = 20;

function change(path: string, type: GuestChange["type"] = "write"): GuestChange {
  return { type, path, atNs: 0n, sizeBytes: 0, isDirectory: false, message: undefined };
}

/** A host whose guest tells of these changes and then of nothing more. */
async function telling(told: readonly GuestChange[]) {
  let stopped: AbortSignal | undefined;
  const host = await FakeHost.make();
  const vms = await host.open({
    dialer: dialerWith(host.dialer, () => ({
      watch: async (_wanted, signal) => {
        stopped = signal;
        return changes(told, signal);
      },
    })),
  });
  const vm = await launch(vms, { group: "sbox", request: aRequest({}), wait }, never);
  return {
    vm,
    get stopped() {
      return stopped?.aborted;
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

async function* changes(
  told: readonly GuestChange[],
  signal: AbortSignal,
): AsyncGenerator<GuestChange> {
  yield* told;
  await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

const names = (signs: readonly WatchSign[]) =>
  signs.map((sign) => (sign === "quiet" ? sign : sign.path));

test("watch: it ends after so many changes, not counting those that were lost", async () => {
  const lost = change("/root", "overflow");
  await using it = await telling([change("/a"), lost, change("/b"), change("/c")]);
  const signs = await startWatch(it.vm, { ...endless, maxChanges: 2 }, never);
  assert.deepEqual(names(await Array.fromAsync(signs)), ["/a", "/root", "/b"]);
  assert.equal(it.stopped, true);
});

test("watch: it says that it is there while nothing changes, and ends in time", async () => {
  await using it = await telling([change("/a")]);
  const signs = await startWatch(it.vm, { ...endless, timeoutMs: 150 }, never, QUIET_MS);
  const [first, ...rest] = names(await Array.fromAsync(signs));
  assert.equal(first, "/a");
  assert.ok(rest.length >= 2 && rest.every((name) => name === "quiet"), rest.join());
  assert.equal(it.stopped, true);
});

test("watch: a time that is up before the guest was asked ends it without a word", async () => {
  await using it = await telling([]);
  const signs = await startWatch(it.vm, { ...endless, timeoutMs: Number.MIN_VALUE }, never);
  assert.deepEqual(await Array.fromAsync(signs), []);
  await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would show now
  assert.equal(it.stopped, true);
});

test("watch: who leaves stops the guest, also in the middle of a silence", async () => {
  await using it = await telling([]);
  const left = new AbortController();
  const signs = await startWatch(it.vm, endless, left.signal, QUIET_MS);
  let seen = 0;
  const reading = (async () => {
    for await (const sign of signs) {
      assert.equal(sign, "quiet");
      seen += 1;
      if (seen === 2) left.abort(new Error("left"));
    }
  })();
  await assert.rejects(reading, /left/);
  assert.equal(it.stopped, true);
});
