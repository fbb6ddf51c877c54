import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { never } from "#testing/fake-host.ts";
import { ProgramFailed, run } from "#process/run.ts";

import { withTap } from "./open-tap.ts";

test("open tap: a tap in the host's own namespace needs no entering", () => {
  const [first, ...more] = withTap({ device: "tap7", namespace: "host", fd: 3 }, ["true"]);
  assert.equal(first, "perl");
  assert.deepEqual(more.slice(-4), ["--", "tap7", "3", "true"]);
});

test("open tap: a tap in a namespace is opened from within", () => {
  const command = withTap({ device: "tap0", namespace: { path: "/run/netns/one" }, fd: 3 }, [
    "true",
  ]);
  assert.deepEqual(command.slice(0, 4), ["nsenter", "--net=/run/netns/one", "--", "perl"]);
});

test("open tap: a tap with nothing behind it is opened in a namespace made for it", () => {
  const command = withTap({ device: "tap0", namespace: "fresh", fd: 3 }, ["true"]);
  assert.deepEqual(command.slice(0, 4), ["unshare", "--net", "--", "perl"]);
});

const mayOpen = process.getuid?.() === 0 && existsSync("/dev/net/tun");

test("open tap: a tap that is not there, or is none, ends it before the command", async () => {
  const [file = "", ...args] = withTap({ device: "lo", namespace: "host", fd: 3 }, ["true"]);
  const why = mayOpen ? /cannot attach to lo/ : /cannot (attach to lo|open \/dev\/net\/tun)/;
  await assert.rejects(
    run({ file, args }, never),
    (error) => error instanceof ProgramFailed && why.test(error.message),
  );
});

test("open tap: a descriptor that is another than announced ends it before the command", async () => {
  const [file = "", ...args] = withTap({ device: "lo", namespace: "host", fd: 9 }, ["true"]);
  const why = mayOpen ? /the tap became descriptor 3, not 9/ : /cannot open|not 9/;
  await assert.rejects(
    run({ file, args }, never),
    (error) => error instanceof ProgramFailed && why.test(error.message),
  );
});
