import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";
import type { GuestNewIdentity } from "#core/ports/guest-identity.ts";
import type { GuestLink } from "#core/ports/guest-link.ts";
import type { BootPlan } from "#core/ports/machine.ts";

import { FakeDialer } from "./fake-agent.ts";
import { FAKE_ENDPOINT } from "./fake-hypervisor.ts";
import { FakeWorld } from "./fake-world.ts";

const never = new AbortController().signal;
const RANDOM = "cat /proc/sys/kernel/random/uuid";

const PLAN: BootPlan = {
  vmId: "0123456789ab",
  vcpus: 1,
  memoryMiB: 128,
  kernel: { path: "/none", initramfsPath: undefined, args: [] },
  disks: [],
  network: { mode: "none" },
  runDir: "/none",
  consoleLogPath: "/none",
};

test("fake guest: copies draw the same until they become somebody of their own", async () => {
  const world = new FakeWorld();
  const original = world.add(PLAN);
  const memory = original.guest.memory();
  const copies = ["a", "b"].map((vmId) => world.add({ ...PLAN, vmId }, memory));
  for (const { guest } of copies) guest.resume();
  const [a, b] = await Promise.all([linkTo(world, "a"), linkTo(world, "b")]);
  assert.equal(await run(a, RANDOM), await run(b, RANDOM));

  await a.reidentify(identity("one", 1), never);
  await b.reidentify(identity("two", 2), never);

  assert.notEqual(await run(a, RANDOM), await run(b, RANDOM));
  assert.equal(await run(a, "hostname && cat /etc/machine-id"), `one\n${"1".repeat(32)}\n`);
  assert.equal(await run(b, "hostname && cat /etc/machine-id"), `two\n${"2".repeat(32)}\n`);
});

test("fake guest: it confirms what it is, and renews the keys of a server that it has", async () => {
  const world = new FakeWorld();
  world.add(PLAN);
  const link = await linkTo(world, PLAN.vmId);
  const expected = {
    rng: "reseeded",
    clockStepNs: 0n,
    hostname: "one",
    machineId: "1".repeat(32),
    sshHostKeys: "none",
    mac: "02:00:00:00:00:01",
    address: "10.0.0.1",
    connectionsCut: 0,
  };
  assert.deepEqual(await link.reidentify(identity("one", 1), never), expected);

  await run(link, "echo old > /etc/ssh/ssh_host_rsa_key");
  const again = await link.reidentify(identity("one", 1), never);
  assert.deepEqual(again, { ...expected, sshHostKeys: "renewed" });
  assert.equal(await run(link, "cat /etc/ssh/ssh_host_ed25519_key"), "private\n");
  assert.equal(await run(link, "cat /etc/ssh/ssh_host_rsa_key"), "");
});

test("fake guest: too little entropy is refused", async () => {
  const world = new FakeWorld();
  world.add(PLAN);
  const link = await linkTo(world, PLAN.vmId);
  const poor = { ...identity("one", 1), entropy: new Uint8Array(31) };
  assert.equal(await reasonOf(link.reidentify(poor, never)), "bad_request");
});

test("fake guest: what would write waits while it holds still", async () => {
  const world = new FakeWorld();
  const box = world.add(PLAN);
  const link = await linkTo(world, PLAN.vmId);
  const still = await link.quiesce(never);
  assert.deepEqual(still.frozen, ["/"]);
  assert.equal(await reasonOf(link.quiesce(never)), "busy");
  const writing = run(link, "echo x > /tmp/x");
  await turn();
  assert.equal(box.guest.files.find("/tmp/x"), undefined);
  assert.equal(await run(link, "echo y"), "y\n");

  await still[Symbol.asyncDispose]();
  await writing;
  assert.equal(box.guest.files.find("/tmp/x")?.kind, "file");

  await link.quiesce(never);
  await link[Symbol.asyncDispose]();
  assert.equal(box.guest.frozen, false);
});

function linkTo(world: FakeWorld, vmId: string): Promise<GuestLink> {
  return new FakeDialer(world).dial(`${FAKE_ENDPOINT}${vmId}`, never);
}

function identity(hostname: string, number: number): GuestNewIdentity {
  return {
    entropy: new Uint8Array(32).fill(number),
    time: new Date(),
    hostname,
    machineId: String(number).repeat(32),
    sshHostKeys: [{ type: "ed25519", privateKey: "private\n", publicKey: "public" }],
    network: {
      interface: "eth0",
      mac: `02:00:00:00:00:0${number}`,
      address: `10.0.0.${number}`,
      prefix: 24,
      gateway: "10.0.0.254",
      dns: [],
    },
  };
}

async function run(link: GuestLink, command: string): Promise<string> {
  const process = await link.exec(
    {
      program: { kind: "shell", shell: "/bin/sh", command, args: [] },
      env: [],
      cwd: undefined,
      user: "default",
      stdin: false,
      stdout: true,
      stderr: false,
      pty: undefined,
    },
    never,
  );
  let text = "";
  for await (const { bytes } of process.output) text += Buffer.from(bytes).toString();
  await process.ended;
  return text;
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (AlcoveError.is(error, "guest_refused")) return error.details.reason;
    throw error;
  }
  return "none";
}
