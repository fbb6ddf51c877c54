/** Holding still and becoming somebody else: what the host sends, and what it believes of the answers. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fixtures from "../../../../guest/protocol/fixtures/frames.json" with { type: "json" };
import type { GuestNewIdentity } from "#core/ports/guest-identity.ts";
import { SessionLost } from "#core/ports/guest-link.ts";
import { ScriptedGuest } from "#testing/scripted-guest.ts";

import { AgentDialer } from "./agent-dialer.ts";
import { parseFields } from "./fields.ts";

const never = new AbortController().signal;
const refused = { ok: false, code: "cancelled", message: "the host cancelled it" };

const receipt = {
  rng: "reseeded",
  clockStepNs: "-1500000000",
  hostname: "sbox-2",
  machineId: "fedcba9876543210fedcba9876543210",
  sshHostKeys: "renewed",
  mac: "02:a9:0a:09:00:03",
  address: "10.9.0.3",
  connectionsCut: 2,
};

const network = {
  interface: "eth0",
  mac: "02:A9:0a:09:00:03",
  address: "10.9.0.3",
  prefix: 24,
  gateway: "10.9.0.1",
  dns: [],
};

const wanted: GuestNewIdentity = {
  entropy: new Uint8Array(32),
  time: new Date(),
  hostname: "sbox-2",
  machineId: "fedcba9876543210fedcba9876543210",
  sshHostKeys: [],
  network,
};

describe("quiesce", { timeout: 20_000 }, () => {
  test("held until it is released, and released when the guest says so", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const asked = link.quiesce(never);
    const open = await guest.next("OPEN");
    assert.deepEqual(parseFields(open.payload), { op: "quiesce" });
    guest.send("EVENT", open.stream, parseFields(golden("event-frozen")));
    const still = await asked;
    assert.deepEqual(still.frozen, ["/data", "/"]);

    const released = still[Symbol.asyncDispose]();
    assert.equal((await guest.next("CANCEL")).stream, open.stream);
    guest.send("CLOSE", open.stream, refused);
    await released;
    await still[Symbol.asyncDispose]();
  });

  test("refused, or called off, nothing is held", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const busy = link.quiesce(never);
    const first = await guest.next("OPEN");
    guest.send("CLOSE", first.stream, { ok: false, code: "busy", message: "/: frozen" });
    await assert.rejects(busy, { details: { reason: "busy" } });

    const caller = new AbortController();
    const pending = link.quiesce(caller.signal);
    const second = await guest.next("OPEN");
    caller.abort(new Error("left"));
    await assert.rejects(pending, /left/);
    assert.equal((await guest.next("CANCEL")).stream, second.stream);
  });

  test("releasing after the session, or after the guest let go, does no harm", async () => {
    await using pair = await connected();
    const { guest, link } = pair;
    const asked = link.quiesce(never);
    const open = await guest.next("OPEN");
    guest.send("EVENT", open.stream, { frozen: { mounts: [] } });
    const still = await asked;
    guest.send("CLOSE", open.stream, { ...refused, message: "held for 30 s" });
    await still[Symbol.asyncDispose]();

    const other = link.quiesce(never);
    const next = await guest.next("OPEN");
    guest.send("EVENT", next.stream, { frozen: { mounts: ["/"] } });
    const lost = await other;
    guest.hangUp();
    await link.closed;
    await lost[Symbol.asyncDispose]();
  });

  const hostile: readonly (readonly [what: string, event: object])[] = [
    ["no mount points", { frozen: {} }],
    ["too many mount points", { frozen: { mounts: Array.from({ length: 65 }, () => "/") } }],
    ["mount points that are none", { frozen: { mounts: [1] } }],
  ];
  for (const [what, event] of hostile) {
    test(`an event with ${what} costs the guest its session`, async () => {
      await using pair = await connected();
      const asked = pair.link.quiesce(never);
      const open = await pair.guest.next("OPEN");
      pair.guest.send("EVENT", open.stream, event);
      await assert.rejects(asked, SessionLost);
    });
  }
});

describe("reidentify", { timeout: 20_000 }, () => {
  test("the receipt is what the guest has, in the core's words", async () => {
    assert.deepEqual(await answered(parseFields(golden("close-receipt"))), {
      ...receipt,
      clockStepNs: -1_500_000_000n,
    });
  });

  test("a refusal has its reason, and there is no receipt", async () => {
    const refusal = { ok: false, code: "io", message: "eth0: no such device" };
    await assert.rejects(answered(refusal), { details: { reason: "io" } });
  });

  const { mac: _mac, ...withoutMac } = receipt;
  const { address: _address, ...withoutAddress } = receipt;
  const wrong: readonly (readonly [what: string, receipt: object])[] = [
    ["another host name", { ...receipt, hostname: "sbox-1" }],
    ["another machine id", { ...receipt, machineId: "0".repeat(32) }],
    ["another MAC address", { ...receipt, mac: "02:00:00:00:00:01" }],
    ["no MAC address", withoutMac],
    ["another address", { ...receipt, address: "10.9.0.2" }],
    ["no address", withoutAddress],
    ["a random source as it was", { ...receipt, rng: "kept" }],
    ["no random source", { ...receipt, rng: undefined }],
    ["a clock that is a number", { ...receipt, clockStepNs: 5 }],
    ["a machine id of other letters", { ...receipt, machineId: "F".repeat(32) }],
    ["keys that may be renewed", { ...receipt, sshHostKeys: "perhaps" }],
    ["a MAC address that is none", { ...receipt, mac: "02:a9" }],
    ["an address that is none", { ...receipt, address: "::1" }],
    ["less than no connections", { ...receipt, connectionsCut: -1 }],
  ];
  for (const [what, said] of wrong) {
    test(`a receipt with ${what} is none`, async () => {
      await assert.rejects(answered({ ok: true, receipt: said }), SessionLost);
    });
  }

  test("a guest without a network has neither address", async () => {
    const { mac: _none, ...rest } = withoutAddress;
    const found = await answered({ ok: true, receipt: rest }, { ...wanted, network: undefined });
    assert.deepEqual([found.mac, found.address], [undefined, undefined]);
    const more = answered({ ok: true, receipt }, { ...wanted, network: undefined });
    await assert.rejects(more, SessionLost);
  });
});

async function answered(reply: object, identity = wanted) {
  await using pair = await connected();
  const asked = pair.link.reidentify(identity, never);
  const open = await pair.guest.next("OPEN");
  pair.guest.send("CLOSE", open.stream, reply);
  return await asked;
}

function golden(name: string): Buffer {
  const found = fixtures.frames.find((frame) => frame.name === name);
  assert.ok(found, `no golden frame is called ${name}`);
  return Buffer.from(found.payloadHex, "hex");
}

async function connected() {
  await using parts = new AsyncDisposableStack();
  const guest = parts.use(await ScriptedGuest.listen());
  const dialer = new AgentDialer({ clock: { now: () => new Date() } });
  const link = parts.use(await dialer.dial(guest.path, never));
  const owned = parts.move();
  return { guest, link, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
