import assert from "node:assert/strict";
import { test } from "node:test";

import { unlessAborted } from "#lib/patience.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import type { Exit, Machine } from "../ports/machine.ts";
import { RunningMachine } from "./running-machine.ts";

/** A machine whose guest has no agent. */
function agentless(press: (end: (exit: Exit) => void) => Promise<void>): Machine {
  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  return {
    pid: 1,
    handle: "",
    agentEndpoint: "nowhere",
    logPaths: [],
    pausedAtStart: false,
    exited,
    stalled: () => undefined,
    abandon: async () => undefined,
    powerButton: { press: () => press(resolve) },
    [Symbol.asyncDispose]: async () => resolve({ kind: "crash", lastWords: "killed" }),
  };
}

function running(machine: Machine): { it: RunningMachine; ends: Exit[] } {
  const ends: Exit[] = [];
  const it = new RunningMachine(machine, "fresh", {
    dialer: { dial: (_endpoint, signal) => unlessAborted(new Promise<never>(() => {}), signal) },
    configuration: () => Promise.reject(new Error("nobody is configured")),
    prepare: async () => undefined,
    renew: async () => undefined,
    onUnconfirmed: () => undefined,
    attend: async () => undefined,
    onStep: () => undefined,
    log: new RememberingLog(),
    hypervisor: "none",
    release: async () => undefined,
    onEnd: (_, exit) => void ends.push(exit),
  });
  return { it, ends };
}

test("a guest without an agent hears the power button, and gets its time", async () => {
  const { it, ends } = running(
    agentless(async (end) => void setTimeout(() => end({ kind: "clean" }), 20)),
  );

  await it.powersOff(10_000);
  await it.end();

  assert.deepEqual(ends, [{ kind: "clean" }]);
});

test("a guest that ignores the button is waited for no longer than said; a button that fails costs no wait", async () => {
  const ignored = running(agentless(async () => undefined));
  await ignored.it.powersOff(20);
  assert.deepEqual(ignored.ends, []);
  await ignored.it.end();

  const broken = running(agentless(() => Promise.reject(new Error("no button"))));
  await broken.it.powersOff(60_000);
  await broken.it.end();

  assert.deepEqual(broken.ends, [{ kind: "crash", lastWords: "killed" }]);
});
