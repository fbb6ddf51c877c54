import assert from "node:assert/strict";
import { existsSync, readlinkSync } from "node:fs";
import { test } from "node:test";

import { never } from "#testing/fake-host.ts";
import { ProgramFailed, run, runText } from "#process/run.ts";

import { withTap } from "./open-tap.ts";

test("open tap: a tap in the host's own namespace needs no entering", () => {
  const [first, ...more] = withTap({ device: "tap7", namespace: "host", fd: 3 }, ["true"]);
  assert.equal(first, "perl");
  assert.deepEqual(more.slice(-6), ["--", "0", "host", "tap7", "3", "true"]);
});

const mayOpen = process.getuid?.() === 0 && existsSync("/dev/net/tun");

test(
  "open tap: a tap with nothing behind it is opened in a namespace made for it, and goes with it",
  { skip: mayOpen ? false : "only root can open a tap" },
  async () => {
    const [file = "", ...args] = withTap({ device: "tap77", namespace: "fresh", fd: 3 }, [
      "ls",
      "/proc/self/fdinfo/3",
      "-l",
      "/proc/self/ns/net",
    ]);

    const said = await runText({ file, args }, never);

    assert.doesNotMatch(said, new RegExp(escaped(readlinkSync("/proc/self/ns/net"))));
    assert.match(said, /fdinfo\/3/);
    assert.equal(existsSync("/sys/class/net/tap77"), false);
  },
);

test("open tap: a namespace that is not there is named", async () => {
  const tap = { device: "tap0", namespace: { path: "/run/netns/of-nobody" }, fd: 3 } as const;
  const [file = "", ...args] = withTap(tap, ["true"]);
  await assert.rejects(run({ file, args }, never), /cannot open \/run\/netns\/of-nobody/);
});

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

function escaped(text: string): string {
  return text.replaceAll(/[[\]]/g, String.raw`\$&`);
}
