import assert from "node:assert/strict";
import { test } from "node:test";

import type { GuestConfiguration, GuestLink } from "#core/ports/guest-link.ts";
import { FakeDialer } from "#drivers/fake/fake-agent.ts";
import { FAKE_ENDPOINT } from "#drivers/fake/fake-hypervisor.ts";
import { type FakeBox, FakeWorld } from "#drivers/fake/fake-world.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { dialerWith } from "#testing/troubles.ts";

import { type ContactDeps, type ContactStart, GuestContact } from "./guest-contact.ts";

const VM_ID = "0123456789ab";
const MACHINE_ID = "0123456789abcdef".repeat(2);

interface Stage {
  readonly box: FakeBox;
  readonly log: RememberingLog;
  /** hostnames the guest was configured with, oldest first */
  readonly configured: string[];
  readonly holds: { now: number };
  contact(start: ContactStart, different?: Partial<ContactDeps>): GuestContact;
}

const nothing = async () => undefined;
const onStep = (): void => undefined;
const onUnconfirmed = (): void => assert.fail("nobody is a copy here");

/** A guest that runs, and nobody in contact with it yet. */
function stage(refusals = 0): Stage {
  const world = new FakeWorld();
  const box = world.add({
    vmId: VM_ID,
    vcpus: 1,
    memoryMiB: 128,
    kernel: { path: "/none", initramfsPath: undefined, args: [] },
    disks: [],
    network: { mode: "none" },
    runDir: "/none",
    consoleLogPath: "/none",
  });
  const log = new RememberingLog();
  const configured: string[] = [];
  const holds = { now: 0 };
  const left = { refusals };
  const dialer = dialerWith(new FakeDialer(world), (link: GuestLink) => ({
    configure: async (configuration, signal) => {
      if (left.refusals-- > 0) throw new Error("the disk is full");
      configured.push(configuration.hostname);
      return link.configure(configuration, signal);
    },
    holdLiveness: () => {
      holds.now += 1;
      return { [Symbol.dispose]: () => void (holds.now -= 1) };
    },
  }));
  const made = { count: 0 };
  const configuration = async (): Promise<GuestConfiguration> => ({
    hostname: `web-${++made.count}`,
    machineId: MACHINE_ID,
    network: undefined,
    time: new Date(),
    entropy: new Uint8Array(64),
    growRoot: false,
    sshKeys: [],
    userdata: undefined,
  });
  const renew = nothing;
  const told = { prepare: nothing, attend: nothing, renew, onUnconfirmed, onStep };
  const usual = { dialer, configuration, log, ...told };
  return {
    box,
    log,
    configured,
    holds,
    contact: (start, different = {}) =>
      new GuestContact(`${FAKE_ENDPOINT}${VM_ID}`, start, { ...usual, ...different }),
  };
}

test("guest contact: a guest is configured before anybody may use it", async () => {
  const it = stage();
  await using contact = it.contact("fresh");
  assert.equal(contact.current, undefined);
  const link = await contact.link(never);
  assert.equal(contact.current, link);
  assert.deepEqual(it.configured, ["web-1"]);
  assert.equal(it.box.guest.hostname, "web-1");
});

test("guest contact: after a reboot the guest is found and configured afresh", async () => {
  const it = stage();
  await using contact = it.contact("fresh");
  const first = await contact.link(never);
  it.box.guest.reboot();
  await eventually("the session's end is noticed", () => contact.current !== first);
  const second = await contact.link(never);
  assert.notEqual(second.agent.bootId, first.agent.bootId);
  assert.deepEqual(it.configured, ["web-1", "web-2"]);
});

test("guest contact: between two sessions it says why there is none", async () => {
  const it = stage();
  await using contact = it.contact("fresh");
  await contact.link(never);
  it.box.guest.pause();
  it.box.guest.reboot();
  await eventually("the session's end is noticed", () => contact.current === undefined);
  assert.equal(contact.problem, "the guest rebooted");
  it.box.guest.resume();
  await contact.link(never);
  assert.equal(contact.problem, undefined);
});

test("guest contact: a new guest that refuses its configuration is not ready, and is asked again", async () => {
  const it = stage(1);
  await using contact = it.contact("fresh");
  const ready = contact.link(never);
  await eventually("the refusal is noticed", () => contact.problem !== undefined);
  assert.equal(contact.problem, "the disk is full");
  assert.equal(contact.current, undefined);
  await ready;
  assert.deepEqual(it.configured, ["web-2"]);
  assert.deepEqual(it.log.troubles(), ["guest.contact_failed"]);
});

test("guest contact: a guest that was configured before may refuse and stays in use", async () => {
  const it = stage(1);
  await using contact = it.contact("known");
  await contact.link(never);
  assert.deepEqual(it.log.troubles(), ["guest.reconfigure_failed"]);
});

test("guest contact: a guest that was configured once here may refuse the next time", async () => {
  const it = stage();
  const refuses = { now: false };
  const log = it.log;
  await using contact = it.contact("fresh", {
    configuration: async () => {
      if (refuses.now) throw new Error("no entropy");
      refuses.now = true;
      return {
        hostname: "web-1",
        machineId: MACHINE_ID,
        network: undefined,
        time: new Date(),
        entropy: new Uint8Array(64),
        growRoot: false,
        sshKeys: [],
        userdata: undefined,
      };
    },
  });
  const first = await contact.link(never);
  it.box.guest.reboot();
  await eventually("the session's end is noticed", () => contact.current !== first);
  await contact.link(never);
  assert.deepEqual(log.troubles(), ["guest.reconfigure_failed"]);
});

test("guest contact: silence is excused while the machine is held, in each session anew", async () => {
  const it = stage();
  await using contact = it.contact("fresh");
  const first = await contact.link(never);
  contact.setHeld("held");
  contact.setHeld("held");
  assert.equal(it.holds.now, 1);
  it.box.guest.reboot();
  await eventually("a new session", () => (contact.current ?? first) !== first);
  assert.equal(it.holds.now, 1);
  contact.setHeld("live");
  assert.equal(it.holds.now, 0);
});

test("guest contact: who waits for a guest may leave with his own reason", async () => {
  const it = stage();
  it.box.guest.pause();
  await using contact = it.contact("fresh");
  const caller = new AbortController();
  const waiting = contact.link(caller.signal);
  const reason = new Error("the caller left");
  caller.abort(reason);
  await assert.rejects(waiting, reason);
});

test("guest contact: its end closes the session, and nobody gets one any more", async () => {
  const it = stage();
  const contact = it.contact("fresh");
  const link = await contact.link(never);
  await contact[Symbol.asyncDispose]();
  assert.match((await link.closed).message, /closed/);
  assert.equal(contact.current, undefined);
  await assert.rejects(contact.link(never), /the machine has ended/);
});

test("guest contact: its end rejects those who still wait", async () => {
  const it = stage();
  it.box.guest.pause();
  const contact = it.contact("fresh");
  const waiting = assert.rejects(contact.link(never), /the machine has ended/);
  await contact[Symbol.asyncDispose]();
  await waiting;
});

test("guest contact: it can end while a refused guest is waited for", async () => {
  const it = stage(1_000);
  const contact = it.contact("fresh");
  await eventually("the refusal is noticed", () => contact.problem !== undefined);
  const before = performance.now();
  await contact[Symbol.asyncDispose]();
  assert.ok(performance.now() - before < 500);
});

test("guest contact: a guest is not configured, and not ready, before what it needs is there", async () => {
  const it = stage();
  const prepared = { tries: 0 };
  await using contact = it.contact("fresh", {
    prepare: async () => {
      prepared.tries += 1;
      assert.deepEqual(it.configured, []);
      if (prepared.tries === 1) throw new Error("no room for the secrets");
    },
  });
  await eventually("the failure is noticed", () => contact.problem !== undefined);
  assert.deepEqual([contact.problem, contact.current], ["no room for the secrets", undefined]);
  await contact.link(never);
  assert.deepEqual([prepared.tries, it.configured], [2, ["web-1"]]);
});
