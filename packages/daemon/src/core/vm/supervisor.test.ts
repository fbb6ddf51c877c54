import assert from "node:assert/strict";
import { test } from "node:test";

import type { AlcoveError, ErrorCode } from "#core/errors.ts";
import type { Hypervisor } from "#core/ports/hypervisor.ts";
import { DIES_AT_BOOT } from "#drivers/fake/fake-hypervisor.ts";
import { eventually } from "#testing/eventually.ts";
import { FakeHost, never } from "#testing/fake-host.ts";
import { dialerWith, HeldBoots, hypervisorWith, silentDialer } from "#testing/troubles.ts";
import { aVmRecord } from "#testing/vm-records.ts";

import type { VmPhase } from "./lifecycle.ts";
import type { SupervisorDeps } from "./supervisor-deps.ts";
import type { VmSupervisor } from "./supervisor.ts";

type Act = (vm: VmSupervisor, host: FakeHost) => Promise<unknown>;

/** How a VM is brought into a phase where it waits for a command. */
const INTO: Partial<Record<VmPhase, Act>> = {
  created: async () => {},
  running: (vm) => vm.start(never),
  paused: async (vm) => {
    await vm.start(never);
    await vm.pause(never);
  },
  suspended: async (vm) => {
    await vm.start(never);
    await vm.suspend({ restoreAtStart: false }, never);
  },
  stopped: async (vm) => {
    await vm.start(never);
    await vm.kill("the test wants it stopped", never);
  },
  failed: async (vm, host) => {
    await vm.start(never);
    host.boxOf(vm).end({ kind: "crash", lastWords: "out of memory" });
    await eventually("the crash is recorded", () => vm.phase === "failed");
  },
  deleted: (vm) => vm.delete(never),
};

const COMMANDS = {
  start: (vm) => vm.start(never),
  pause: (vm) => vm.pause(never),
  resume: (vm) => vm.resume(never),
  suspend: (vm) => vm.suspend({ restoreAtStart: false }, never),
  restore: (vm) => vm.restore(never),
  stop: (vm) => vm.stop(never),
  reboot: (vm) => vm.reboot(never),
  kill: (vm) => vm.kill("Deleted on request", never),
  delete: (vm) => vm.delete(never),
} as const satisfies Record<string, Act>;

const REFUSED = "refused";

/** What is not named is refused. */
const OUTCOMES: readonly (readonly [VmPhase, Partial<Record<keyof typeof COMMANDS, string>>])[] = [
  ["created", { start: "running", stop: "created", kill: "created", delete: "deleted" }],
  [
    "running",
    {
      pause: "paused",
      resume: "running",
      suspend: "suspended",
      stop: "stopped",
      reboot: "running",
      kill: "stopped",
    },
  ],
  [
    "paused",
    {
      pause: "paused",
      resume: "running",
      suspend: "suspended",
      stop: "stopped",
      kill: "stopped",
    },
  ],
  ["suspended", { restore: "running", stop: "suspended", kill: "suspended", delete: "deleted" }],
  ["stopped", { start: "running", stop: "stopped", kill: "stopped", delete: "deleted" }],
  ["failed", { start: "running", stop: "failed", kill: "failed", delete: "deleted" }],
  ["deleted", { stop: "deleted", kill: "deleted" }],
];

for (const [phase, outcomes] of OUTCOMES) {
  for (const [command, act] of Object.entries<Act>(COMMANDS)) {
    const outcome = new Map(Object.entries(outcomes)).get(command) ?? REFUSED;
    test(`supervisor: ${command} of a VM that is ${phase}: ${outcome}`, async () => {
      await using host = await FakeHost.make();
      const vm = await host.supervise(aVmRecord({}));
      await INTO[phase]?.(vm, host);
      assert.equal(vm.phase, phase);
      const asked = act(vm, host);
      if (outcome === REFUSED) {
        await assert.rejects(asked, isError("wrong_phase", new RegExp(`it is ${phase}$`)));
        assert.equal(vm.phase, phase);
      } else {
        await asked;
        assert.equal(vm.phase, outcome);
      }
      assert.deepEqual(host.store.all(), [vm.record]);
    });
  }
}

test("supervisor: a VM that runs has its driver's handle on record, and none afterwards", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  await vm.start(never);
  assert.equal(vm.record.state.machine, JSON.stringify({ v: 1, pid: host.boxOf(vm).pid }));
  await vm.contact?.link(never);
  await vm.stop(never);
  assert.equal(vm.record.state.machine, undefined);
  assert.deepEqual(host.lifeOf(vm), ["start", "booted", "stop", "exited"]);
});

test("supervisor: every change of phase is stored before it is announced", async () => {
  await using host = await FakeHost.make();
  const seen: VmPhase[] = [];
  const vm: VmSupervisor = await host.supervise(aVmRecord({}), {
    announce: () => {
      assert.deepEqual(host.store.all(), [vm.record]);
      seen.push(vm.phase);
    },
  });
  await vm.start(never);
  await vm.pause(never);
  await vm.kill("enough", never);
  await vm.delete(never);
  assert.deepEqual(seen, ["starting", "running", "paused", "stopping", "stopped", "deleted"]);
});

test("supervisor: commands that come during a boot wait for it and are obeyed in order", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vm = await host.supervise(aVmRecord({}), { hypervisor: held.hypervisor });
  const done: string[] = [];
  const asked = [vm.start(never), vm.pause(never), vm.resume(never), vm.stop(never)];
  const noted = asked.map(async (one, index) =>
    done.push(`${index} ${await one.then(() => "ok")}`),
  );
  await held.begun;
  assert.equal(vm.phase, "starting");
  held.release();
  await Promise.all(noted);
  assert.deepEqual(done, ["0 ok", "1 ok", "2 ok", "3 ok"]);
  assert.deepEqual(host.lifeOf(vm).slice(0, 5), ["start", "booted", "pause", "resume", "stop"]);
});

test("supervisor: a command whose caller leaves while it waits for its turn is not obeyed", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vm = await host.supervise(aVmRecord({}), { hypervisor: held.hypervisor });
  const starting = vm.start(never);
  const caller = new AbortController();
  const pausing = vm.pause(caller.signal);
  caller.abort(new Error("the caller left"));
  await assert.rejects(pausing, /the caller left/);
  held.release();
  await starting;
  assert.equal(vm.phase, "running");
});

test("supervisor: a machine that cannot boot leaves a failed VM with the reason, which can be started again", async () => {
  await using host = await FakeHost.make();
  const dead = hopeful(host);
  const vm = await host.supervise(aVmRecord({}), dead.deps);
  await assert.rejects(vm.start(never), isError("hypervisor_failed", /died at boot/));
  assert.equal(vm.phase, "failed");
  assert.match(vm.record.state.reason ?? "", /died at boot/);
  assert.equal(host.world.living().length, 0);
  dead.heal();
  await vm.start(never);
  assert.equal(vm.phase, "running");
});

test("supervisor: a kill ends a boot at once", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vm = await host.supervise(aVmRecord({}), { hypervisor: held.hypervisor });
  const starting = assert.rejects(vm.start(never), isError("hypervisor_failed", /Deleted/));
  await held.begun;
  await vm.kill("Deleted on request", never);
  await starting;
  assert.equal(vm.phase, "failed");
  assert.equal(vm.record.state.reason, "Deleted on request");
});

test("supervisor: a caller who leaves during a boot ends it and gets his own reason back", async () => {
  await using host = await FakeHost.make();
  const held = new HeldBoots(host.hypervisor);
  const vm = await host.supervise(aVmRecord({}), { hypervisor: held.hypervisor });
  const caller = new AbortController();
  const starting = vm.start(caller.signal);
  await held.begun;
  const reason = new Error("the caller left");
  caller.abort(reason);
  await assert.rejects(starting, reason);
  assert.equal(vm.phase, "failed");
});

test("supervisor: a machine that dies the moment it has booted is a failed VM, not a running one", async () => {
  await using host = await FakeHost.make();
  const hypervisor = hypervisorWith(host.hypervisor, () => {
    const [box] = host.world.living();
    box?.end({ kind: "crash", lastWords: "kernel panic" });
    return {};
  });
  const vm = await host.supervise(aVmRecord({}), { hypervisor });
  await vm.start(never);
  await eventually("the crash is recorded", () => vm.phase === "failed");
  assert.equal(vm.record.state.reason, "kernel panic");
  assert.deepEqual(host.lifeOf(vm), ["start", "booted", "crashed"]);
});

for (const [phase, command] of [
  ["running", "start"],
  ["paused", "pause"],
] as const) {
  test(`supervisor: a crash of a VM that is ${phase} is recorded with its last words`, async () => {
    await using host = await FakeHost.make();
    const vm = await host.supervise(aVmRecord({}));
    await INTO[phase]?.(vm, host);
    host.boxOf(vm).end({ kind: "crash", lastWords: "ended by SIGSEGV" });
    await eventually("the crash is recorded", () => vm.phase === "failed");
    assert.equal(vm.record.state.reason, "ended by SIGSEGV");
    assert.equal(vm.contact, undefined);
    assert.deepEqual(host.lifeOf(vm).slice(-2), [
      command === "start" ? "booted" : "pause",
      "crashed",
    ]);
    assert.deepEqual(host.log.troubles(), ["vm.crashed"]);
  });
}

test("supervisor: a guest that powers itself off is stopped, and says so", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  await vm.start(never);
  host.boxOf(vm).guest.powerOff();
  await eventually("it is stopped", () => vm.phase === "stopped");
  assert.equal(vm.record.state.reason, "The guest powered off");
  assert.deepEqual(host.log.troubles(), []);
});

test("supervisor: a crash while a guest is asked to stop is a stop", async () => {
  await using host = await FakeHost.make();
  const dialer = dialerWith(host.dialer, () => ({
    power: async () => {
      const [box] = host.world.living();
      box?.end({ kind: "crash", lastWords: "panic while shutting down" });
    },
  }));
  const vm = await host.supervise(aVmRecord({}), { dialer });
  await vm.start(never);
  await vm.contact?.link(never);
  await vm.stop(never);
  assert.equal(vm.phase, "stopped");
  assert.equal(vm.record.state.reason, "Shut down on request");
});

test("supervisor: a guest that ends before its agent has answered is stopped all the same", async () => {
  await using host = await FakeHost.make();
  const answer = Promise.withResolvers<void>();
  const dialer = dialerWith(host.dialer, () => ({
    power: async () => {
      host.world.living()[0]?.guest.powerOff();
      await answer.promise;
    },
  }));
  const vm = await host.supervise(aVmRecord({}), { dialer });
  await vm.start(never);
  await vm.contact?.link(never);
  const stopping = vm.stop(never);
  await eventually("the guest's end is recorded", () => vm.phase === "stopped");
  answer.resolve();
  await stopping;
  assert.deepEqual(host.lifeOf(vm), ["start", "booted", "stop", "exited"]);
});

test("supervisor: a guest that will not power off is killed after the grace", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}), { dialer: deaf(host), powerOffGraceMs: 30 });
  await vm.start(never);
  await vm.contact?.link(never);
  const before = performance.now();
  await vm.stop(never);
  assert.ok(performance.now() - before >= 29);
  assert.equal(vm.phase, "stopped");
  assert.equal(host.world.living().length, 0);
});

test("supervisor: a guest whose agent refuses to power off is killed without waiting", async () => {
  await using host = await FakeHost.make();
  const dialer = dialerWith(host.dialer, () => ({ power: refused }));
  const vm = await host.supervise(aVmRecord({}), { dialer, powerOffGraceMs: 60_000 });
  await vm.start(never);
  await vm.contact?.link(never);
  await vm.stop(never);
  assert.equal(vm.phase, "stopped");
  assert.deepEqual(host.log.troubles(), ["guest.power_off_refused"]);
});

test("supervisor: a kill ends the grace of a stop, and the VM is stopped once", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}), { dialer: deaf(host), powerOffGraceMs: 600_000 });
  await vm.start(never);
  await vm.contact?.link(never);
  await Promise.all([vm.stop(never), vm.kill("Deleted on request", never), vm.stop(never)]);
  assert.deepEqual(host.lifeOf(vm), ["start", "booted", "stop", "crashed"]);
});

test("supervisor: a reboot keeps the machine and finds the agent again", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  await vm.start(never);
  const first = await vm.contact?.link(never);
  const { pid } = host.boxOf(vm);
  await vm.reboot(never);
  await first?.closed;
  await eventually("the session is over", () => vm.contact?.current !== first);
  const second = await vm.contact?.link(never);
  assert.notEqual(second?.agent.bootId, first?.agent.bootId);
  assert.equal(host.boxOf(vm).pid, pid);
});

test("supervisor: a reboot of a guest without an agent is given up, and holds up nothing", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}), { dialer: silentDialer });
  await vm.start(never);
  await assert.rejects(vm.reboot(never), { name: "TimeoutError" });
  await vm.kill("Deleted on request", never);
  assert.equal(vm.phase, "stopped");
});

test("supervisor: a hypervisor that cannot pause says so, and the VM runs on", async () => {
  await using host = await FakeHost.make();
  const { hypervisor } = host;
  const plain: Hypervisor = {
    name: hypervisor.name,
    isolation: hypervisor.isolation,
    guestReboot: hypervisor.guestReboot,
    boot: async (...args) => {
      const { pausing, ...machine } = await hypervisor.boot(...args);
      assert.ok(pausing);
      const [box] = host.world.living();
      const end = async () => box?.end({ kind: "crash", lastWords: "disposed" });
      const release = { abandon: async () => {}, [Symbol.asyncDispose]: end };
      return { ...machine, ...release };
    },
    adopt: async () => undefined,
    sweep: async () => [],
  };
  const vm = await host.supervise(aVmRecord({}), { hypervisor: plain });
  await vm.start(never);
  await assert.rejects(vm.pause(never), isError("unsupported", /fake hypervisor cannot pause/));
  assert.equal(vm.phase, "running");
});

test("supervisor: a pause that fails leaves the VM running", async () => {
  await using host = await FakeHost.make();
  const pausing = { pause: refused, resume: refused };
  const hypervisor = hypervisorWith(host.hypervisor, () => ({ pausing }));
  const vm = await host.supervise(aVmRecord({}), { hypervisor });
  await vm.start(never);
  await assert.rejects(vm.pause(never), /^Error: no$/);
  assert.equal(vm.phase, "running");
});

test("supervisor: a caller who leaves during a pause or a resume does not part machine and phase", async () => {
  await using host = await FakeHost.make();
  const caller = { signal: new AbortController() };
  const leaves = async (act: Promise<void>, signal: AbortSignal) => {
    await act;
    caller.signal.abort(new Error("the caller left"));
    signal.throwIfAborted();
  };
  const hypervisor = hypervisorWith(host.hypervisor, ({ pausing }) => {
    assert.ok(pausing);
    return {
      pausing: {
        pause: (signal) => leaves(pausing.pause(signal), signal),
        resume: (signal) => leaves(pausing.resume(signal), signal),
      },
    };
  });
  const vm = await host.supervise(aVmRecord({}), { hypervisor });
  await vm.start(never);
  await vm.pause(caller.signal.signal);
  assert.equal(vm.phase, "paused");
  caller.signal = new AbortController();
  await vm.resume(caller.signal.signal);
  assert.equal(vm.phase, "running");
});

test("supervisor: a machine whose rest cannot be removed has ended all the same", async () => {
  await using host = await FakeHost.make();
  const hypervisor = hypervisorWith(host.hypervisor, () => ({ [Symbol.asyncDispose]: refused }));
  const vm = await host.supervise(aVmRecord({}), { hypervisor });
  await vm.start(never);
  host.boxOf(vm).end({ kind: "crash", lastWords: "out of memory" });
  await eventually("the crash is recorded", () => vm.phase === "failed");
  assert.deepEqual(host.log.troubles(), ["vm.cleanup_failed", "vm.crashed"]);
});

test("supervisor: a phase that cannot be stored is not entered", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  host.db.exec(
    "CREATE TRIGGER full BEFORE UPDATE ON vm BEGIN SELECT RAISE(ABORT, 'disk full'); END",
  );
  await assert.rejects(vm.start(never), /disk full/);
  assert.equal(vm.phase, "created");
  assert.equal(host.world.living().length, 0);
  host.db.exec("DROP TRIGGER full");
  await vm.start(never);
  assert.equal(vm.phase, "running");
});

test("supervisor: a boot whose success cannot be stored leaves no machine behind", async () => {
  await using host = await FakeHost.make();
  const vm = await host.supervise(aVmRecord({}));
  host.db.exec(
    `CREATE TRIGGER full BEFORE UPDATE ON vm WHEN NEW.phase = 'running'
     BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
  );
  await assert.rejects(vm.start(never), /disk full/);
  assert.equal(host.world.living().length, 0);
  assert.equal(vm.phase, "failed");
});

async function refused(): Promise<void> {
  throw new Error("no");
}

/** A guest that says yes to a power off and does nothing. */
function deaf(host: FakeHost): SupervisorDeps["dialer"] {
  return dialerWith(host.dialer, () => ({ power: async () => {} }));
}

/** Boots that die until they are healed. */
function hopeful(host: FakeHost): { deps: Partial<SupervisorDeps>; heal: () => void } {
  const state: { args: string[] } = { args: [DIES_AT_BOOT] };
  const planFor: SupervisorDeps["planFor"] = async ({ id }) => ({
    vmId: id,
    vcpus: 1,
    memoryMiB: 128,
    kernel: { path: "/none", initramfsPath: undefined, args: state.args },
    disks: [],
    network: { mode: "none" },
    runDir: `${host.runRoot}/${id}`,
    consoleLogPath: `${host.directory}/console.log`,
  });
  return { deps: { planFor }, heal: () => (state.args = []) };
}

function isError(code: ErrorCode, words: RegExp): (error: AlcoveError) => boolean {
  return (error) => {
    assert.match(error.message, words);
    assert.equal(error.code, code);
    return true;
  };
}
