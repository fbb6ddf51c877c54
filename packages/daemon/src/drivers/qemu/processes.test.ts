import assert from "node:assert/strict";
import { mkdtempDisposable, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { Child } from "#process/child.ts";

import {
  commandLineOf,
  gone,
  isAlive,
  killAndWait,
  processesIn,
  startTicksOf,
  userOf,
} from "./processes.ts";

const never = new AbortController().signal;

function sleeper(cwd: string): Promise<Child> {
  return Child.spawn({
    file: "sleep",
    args: ["60"],
    env: { PATH: "/usr/bin:/bin" },
    cwd,
    graceMs: 0,
    session: "own",
  });
}

test("processes: one is found by its working directory, also when that was removed", async () => {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "processes-"));
  const resolved = await realpath(directory.path);
  await using child = await sleeper(directory.path);
  await directory.remove();

  const found = processesIn((cwd) => cwd === resolved);

  assert.deepEqual(found, [
    { pid: child.pid, startTicks: startTicksOf(child.pid), directory: resolved },
  ]);
  assert.deepEqual(commandLineOf(child.pid).slice(0, 2), ["sleep", "60"]);
  assert.equal(userOf(child.pid), process.getuid?.());
});

test("processes: a pid that came back is not the process that was meant", async () => {
  await using child = await sleeper("/");
  const startTicks = startTicksOf(child.pid) ?? 0;

  await killAndWait({ pid: child.pid, startTicks: startTicks + 1 });

  assert.equal(isAlive({ pid: child.pid, startTicks }), true);
});

test("processes: a killed one is gone", async () => {
  await using child = await sleeper("/");
  const target = { pid: child.pid, startTicks: startTicksOf(child.pid) ?? 0 };

  await killAndWait(target);

  await gone(target, never);
  assert.equal(isAlive(target), false);
  assert.equal((await child.ended).signal, "SIGKILL");
});
