/**
 * A guest that holds still, and one that becomes somebody of its own: the real agent in a booted
 * machine, asked without a daemon in between.
 *
 * It cannot see that two copies differ: here is one guest, which changes.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { AlcoveError } from "../packages/daemon/src/core/errors.ts";
import { runToEnd } from "../packages/daemon/src/core/exec/run.ts";
import { userGuestNetwork } from "../packages/daemon/src/core/network/user-network.ts";
import type { GuestNewIdentity } from "../packages/daemon/src/core/ports/guest-identity.ts";
import type { GuestLink } from "../packages/daemon/src/core/ports/guest-link.ts";
import type { Machine } from "../packages/daemon/src/core/ports/machine.ts";
import { dial, freshPlan, open } from "./parts/qemu-machines.ts";

const never = new AbortController().signal;
const AGENT_GONE_MS = 100;
/** long enough for a write that is not held up, and for a command that reads */
const A_WHILE_MS = 1_500;
const NEW_MAC = "02:0a:0b:0c:0d:0e";
const NEW_ID = "fedcba9876543210fedcba9876543210";

const guest: { machine: Machine | undefined } = { machine: undefined };

before(async () => {
  const plan = await freshPlan();
  guest.machine = await open().boot(plan, never);
  await using link = await greeted();
  await link.configure(
    {
      hostname: "first",
      machineId: "0123456789abcdef".repeat(2),
      network: userGuestNetwork(7, plan.network.mode === "none" ? "" : plan.network.mac),
      time: new Date(),
      entropy: randomBytes(64),
      growRoot: false,
      sshKeys: [],
      userdata: undefined,
    },
    never,
  );
});
after(() => guest.machine?.[Symbol.asyncDispose]());

test("configure gives an id to a guest that has none", async () => {
  await using link = await greeted();
  assert.equal(await run(link, "cat /etc/machine-id"), `${"0123456789abcdef".repeat(2)}\n`);
});

test("a guest that holds still reads, and writes when it is let go", async () => {
  await using link = await greeted();
  const still = await link.quiesce(never);
  assert.deepEqual(still.frozen, ["/"]);

  const writing = run(link, "echo held > /root/held; cat /root/held");
  const copying = link.copyIn(
    {
      path: "/root/copied",
      format: "file",
      user: { uid: 0, gid: 0 },
      mode: 0o600,
      placement: { kind: "exact" },
      unpackedSizeBytes: undefined,
    },
    piece("copied"),
    never,
  );
  const moved = Promise.race([writing, copying]).then(() => "moved");
  assert.equal(await Promise.race([moved, delay(A_WHILE_MS, "held")]), "held");
  assert.equal(await run(link, "cat /etc/hostname"), "first\n");
  assert.equal(await reasonOf(link.quiesce(never)), "busy");

  await still[Symbol.asyncDispose]();
  assert.equal(await writing, "held\n");
  assert.equal((await copying).bytes, 6);
  assert.equal(await run(link, "cat /root/copied"), "copied");
});

test("the end of the session lets a guest go", async () => {
  const link = await greeted();
  await link.quiesce(never);
  await link[Symbol.asyncDispose]();
  await using next = await greeted();
  assert.equal(await run(next, "echo again > /root/again; cat /root/again"), "again\n");
});

test("an agent that is killed lets a guest go", async () => {
  {
    await using link = await greeted();
    await link.quiesce(never);
    const killed = run(link, "kill -9 $PPID").catch(() => "gone");
    await Promise.race([killed, link.closed]);
  }
  await delay(AGENT_GONE_MS);
  await using next = await greeted();
  assert.equal(await run(next, "echo after > /root/after; cat /root/after"), "after\n");
});

test("a file system that somebody else holds still is not taken over", async () => {
  await using link = await greeted();
  await run(link, "fsfreeze -f /");
  assert.equal(await reasonOf(link.quiesce(never)), "busy");
  await run(link, "fsfreeze -u /");
  await using _still = await link.quiesce(never);
});

test("a guest becomes somebody else, as often as it is told", async () => {
  await using link = await greeted();
  await run(
    link,
    "mkdir -p /run/sshd; cd /etc/ssh; echo old > ssh_host_rsa_key; ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key; /usr/sbin/sshd 2>/dev/null; ip addr add 192.0.2.7/24 dev eth0; ip route add 198.51.100.0/24 via 10.233.0.114; date -s '2001-01-01'",
  );
  const old = await run(link, "cat /etc/ssh/ssh_host_ed25519_key.pub");
  const keys = await run(
    link,
    "rm -f /tmp/k*; ssh-keygen -q -t ed25519 -N '' -C '' -f /tmp/k; cat /tmp/k; echo; echo =; cat /tmp/k.pub",
  );
  const [privateKey = "", publicKey = ""] = keys.split("\n=\n");
  const identity = (): GuestNewIdentity => ({
    entropy: randomBytes(64),
    time: new Date(),
    hostname: "second",
    machineId: NEW_ID,
    sshHostKeys: [{ type: "ed25519", privateKey, publicKey: publicKey.trim() }],
    network: { ...userGuestNetwork(9, NEW_MAC) },
  });

  const receipt = await link.reidentify(identity(), never);

  const { clockStepNs, ...rest } = receipt;
  assert.ok(clockStepNs > 20n * 365n * 86_400n * 1_000_000_000n, String(clockStepNs));
  assert.deepEqual(rest, {
    rng: "reseeded",
    hostname: "second",
    machineId: NEW_ID,
    sshHostKeys: "renewed",
    mac: NEW_MAC,
    address: "10.233.0.148",
    connectionsCut: 0,
  });
  const found = await run(
    link,
    "hostname; cat /etc/hostname /etc/machine-id; cat /sys/class/net/eth0/address; ip -4 -o addr show dev eth0 | awk '{print $4}'; ip -4 route show | sort; ls /etc/ssh | grep host_",
  );
  assert.deepEqual(
    found
      .trim()
      .split("\n")
      .map((line) => line.trim()),
    [
      "second",
      "second",
      NEW_ID,
      NEW_MAC,
      "10.233.0.148/28",
      "10.233.0.144/28 dev eth0 proto kernel scope link src 10.233.0.148",
      "default via 10.233.0.146 dev eth0",
      "ssh_host_ed25519_key",
      "ssh_host_ed25519_key.pub",
    ],
  );
  assert.ok(Math.abs(Number(await run(link, "date +%s")) - Date.now() / 1000) < 5);
  // The server that runs shows the new key.
  const shown = await run(
    link,
    "for i in $(seq 50); do ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | cut -d' ' -f2-3 | grep . && break; sleep 0.1; done",
  );
  assert.equal(shown.trim(), publicKey.trim());
  assert.notEqual(shown.trim(), old.trim().split(" ").slice(0, 2).join(" "));

  const again = await link.reidentify(identity(), never);
  assert.deepEqual({ ...again, clockStepNs: 0n }, { ...receipt, clockStepNs: 0n });
  assert.ok(again.clockStepNs < 5_000_000_000n && again.clockStepNs > -5_000_000_000n);
});

test("a part that fails is the answer", async () => {
  await using link = await greeted();
  const wrong: GuestNewIdentity = {
    entropy: randomBytes(64),
    time: new Date(),
    hostname: "third",
    machineId: "x",
    sshHostKeys: [],
    network: undefined,
  };
  assert.equal(await reasonOf(link.reidentify(wrong, never)), "bad_request");
  const network = { ...userGuestNetwork(9, NEW_MAC), interface: "eth7" };
  const nowhere = { ...wrong, machineId: NEW_ID, network };
  assert.equal(await reasonOf(link.reidentify(nowhere, never)), "io");
});

function greeted(): Promise<GuestLink> {
  assert.ok(guest.machine, "the machine is not there");
  return dial(guest.machine);
}

async function* piece(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function run(link: GuestLink, command: string): Promise<string> {
  const process = await link.exec(
    {
      program: { kind: "argv", argv: ["/bin/bash", "-c", command] },
      env: [],
      cwd: "/",
      user: { uid: 0, gid: 0 },
      stdin: false,
      stdout: true,
      stderr: true,
      pty: undefined,
    },
    never,
  );
  const { stdout, stderr, end } = await runToEnd(process, never);
  assert.equal(end.exitCode, 0, `${command}: ${Buffer.from(stderr).toString()}`);
  return Buffer.from(stdout).toString();
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
