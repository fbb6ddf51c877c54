import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { FakeHost, type FakeHostOptions } from "@alcove/sdk/testing/fake-host.ts";

import { type CliOptions, SpawnedCli } from "./testing/spawned-cli.ts";

async function withHost(
  options: FakeHostOptions,
  story: (
    start: (args: readonly string[], more?: CliOptions) => SpawnedCli,
    host: FakeHost,
  ) => Promise<void>,
): Promise<void> {
  await using host = await FakeHost.open(options);
  await story(
    (args, more) => new SpawnedCli(["run", "--url", host.url, "--", ...args], more),
    host,
  );
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 1000, "it never happened");
    await sleep(10);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("alcove run", { timeout: 180_000, concurrency: 2 }, () => {
  test("input, output and exit status are the command's; the VM is gone afterwards", async () => {
    await withHost({}, async (start, host) => {
      const stdin = Buffer.alloc(5_000_000, "x");
      const count = await start(["sh", "-c", "wc -c; echo err >&2; exit 7"], { stdin }).ended;
      assert.equal(count.exitCode, 7);
      assert.equal(count.stdout.trim(), "5000000");
      assert.equal(count.stderr, "err\n");
      assert.equal(host.vms.size, 0);
      const killed = await start(["sh", "-c", "kill -TERM $$"]).ended;
      assert.equal(killed.exitCode, 143);
      assert.equal(host.vms.size, 0);
    });
  });

  for (const [signal, exitCode] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`${signal} kills the command and removes the VM`, async () => {
      await withHost({}, async (start, host) => {
        const cli = start(["sleep", "60"]);
        await until(() => host.pids.length === 1);
        cli.process.kill(signal);
        assert.equal((await cli.ended).exitCode, exitCode);
        assert.equal(host.vms.size, 0);
        await until(() => !isAlive(host.pids[0] ?? 0));
      });
    });
  }

  test("Ctrl-C while the VM boots removes it too", async () => {
    await withHost({ bootMs: 10_000 }, async (start, host) => {
      const cli = start(["true"]);
      await until(() => host.vms.size === 1);
      cli.process.kill("SIGINT");
      const { exitCode } = await cli.ended;
      assert.deepEqual([exitCode, host.vms.size, host.pids.length], [130, 0, 0]);
    });
  });

  test("a second Ctrl-C leaves at once and says what may remain", async () => {
    await withHost({}, async (start, host) => {
      const cli = start(["sleep", "60"]);
      await until(() => host.pids.length === 1);
      host.holdDeletes = true;
      cli.process.kill("SIGINT");
      await until(() => host.seen.some(({ method }) => method === "DELETE"));
      cli.process.kill("SIGINT");
      const { exitCode, stderr } = await cli.ended;
      assert.equal(exitCode, 130);
      assert.match(stderr, /alcove vm delete sbox-1/);
    });
  });

  test("output that nobody reads ends the command and removes the VM, without a stack trace", async () => {
    await withHost({}, async (start, host) => {
      const cli = start(["yes"]);
      await until(() => host.pids.length === 1);
      cli.process.stdout.destroy();
      const { exitCode, stderr } = await cli.ended;
      assert.deepEqual([exitCode, stderr, host.vms.size], [141, "", 0]);
    });
  });

  test("a VM that ended by itself is not an error; a refused delete is, and says so", async () => {
    await withHost({}, async (start, host) => {
      const gone = start(["sh", "-c", "sleep 0.3"]);
      await until(() => host.pids.length === 1);
      host.vms.clear();
      assert.equal((await gone.ended).exitCode, 0);
      host.refuseDeletes = true;
      const refused = await start(["true"]).ended;
      assert.equal(refused.exitCode, 125);
      assert.match(refused.stderr, /alcove vm delete sbox-2/);
    });
  });

  test("a daemon that dies meanwhile: the command fails and what may remain is named", async () => {
    const host = await FakeHost.open();
    const cli = new SpawnedCli(["run", "--url", host.url, "--", "sleep", "60"]);
    await until(() => host.pids.length === 1);
    await host[Symbol.asyncDispose]();
    const { exitCode, stderr } = await cli.ended;
    assert.equal(exitCode, 125);
    assert.match(stderr, /alcove vm delete sbox-1/);
    assert.match(stderr, /alcove: The connection was lost/);
  });
});
