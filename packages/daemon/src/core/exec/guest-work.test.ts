import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { eventually } from "#testing/eventually.ts";
import { FakeHost, never } from "#testing/fake-host.ts";
import { dialerWith, silentDialer } from "#testing/troubles.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import { AlcoveError, type ErrorCode } from "../errors.ts";
import { agentOf, healthOf, statsOf } from "./guest-work.ts";

test("guest work: a running VM's agent is asked, and answers", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({ hostname: "web-1" }));
  await vm.start(never);
  assert.equal((await healthOf(vm, never)).hostname, "web-1");
  assert.equal((await statsOf(vm, never)).totalCpus, 1);
});

test("guest work: an agent that is just coming up is waited for", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  await vm.start(never);
  const agent = agentOf(vm, never);
  assert.equal(vm.contact?.current, undefined);
  assert.equal((await agent).agent.version, "fake");
});

// Each of these waits out a time limit, so they do it together.
describe("guest work: agents that are missing", { concurrency: true }, () => {
  test("guest work: an agent that does not come up is unreachable, soon enough for a poll", async () => {
    await using host = await FakeHost.make();
    const vm = await host.supervise(aVmRecord({ hostname: "web-1" }), { dialer: silentDialer });
    await vm.start(never);
    const before = performance.now();
    await assert.rejects(
      healthOf(vm, never),
      isError("guest_unreachable", /^The agent of web-1 does not answer yet$/),
    );
    assert.ok(performance.now() - before < 2_000);
  });

  test("guest work: the reason why there is no agent is told", async () => {
    await using host = await FakeHost.make();
    const dialer = dialerWith(host.dialer, () => ({
      configure: async () => {
        throw new Error("no room for the host name");
      },
    }));
    const vm = await host.supervise(aVmRecord({}), { dialer });
    await vm.start(never);
    await eventually("the refusal is noticed", () => vm.contact?.problem !== undefined);
    await assert.rejects(
      healthOf(vm, AbortSignal.any([never])),
      isError("guest_unreachable", /does not answer: no room for the host name$/),
    );
  });
});

test("guest work: a machine that has not been booted yet is unreachable, not wrong", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  await assert.rejects(agentOf(vm, never), isError("guest_unreachable", /does not answer yet/));
});

test("guest work: an agent that loses its session while asked is unreachable", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  await vm.start(never);
  await agentOf(vm, never);
  host.boxOf(vm).guest.pause(); // behind the daemon's back: the question hangs
  const asking = assert.rejects(healthOf(vm, never), isError("guest_unreachable", /./));
  host.boxOf(vm).guest.reboot();
  await asking;
});

test("guest work: a caller who leaves gets his own reason", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}), { dialer: silentDialer });
  await vm.start(never);
  const caller = new AbortController();
  const asking = agentOf(vm, caller.signal);
  const reason = new Error("the caller left");
  caller.abort(reason);
  await assert.rejects(asking, reason);
});

test("guest work: a paused VM is refused without being asked", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({ hostname: "web-1" }));
  await vm.start(never);
  await vm.pause(never);
  await assert.rejects(agentOf(vm, never), isError("wrong_phase", /^web-1 is paused$/));
});

test("guest work: a VM that ended is refused with the reason of its end", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({ hostname: "web-1" }));
  await vm.start(never);
  host.boxOf(vm).end({ kind: "crash", lastWords: "out of memory" });
  await eventually("the crash is recorded", () => vm.phase === "failed");
  const words = /^web-1 is failed \(out of memory\)$/;
  for (const ask of [agentOf, healthOf, statsOf]) {
    await assert.rejects(ask(vm, never), isError("wrong_phase", words));
  }
});

function isError(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AlcoveError, String(error));
    assert.match(error.message, words);
    assert.equal(error.code, code);
    return true;
  };
}
