/** Who a fake guest is, and how it becomes somebody else or holds still: as the agent of a real one does it. */

import type { GuestNewIdentity, GuestReceipt, GuestStillness } from "#core/ports/guest-identity.ts";
import type { GuestNetwork } from "#core/ports/guest-network.ts";

import type { FakeCard, FakeGuest } from "./fake-guest.ts";
import { refusal } from "./refusal.ts";

const MACHINE_ID = "/etc/machine-id";
const SSH = "/etc/ssh";
const MIN_ENTROPY_BYTES = 32;

/** @param over aborts when the session ends: the guest goes on then */
export function quiesce(guest: FakeGuest, over: AbortSignal): GuestStillness {
  if (guest.frozen) throw refusal("busy", "/: somebody else holds it frozen");
  const thaw = guest.freeze();
  over.addEventListener("abort", thaw, { once: true });
  return {
    frozen: ["/"],
    [Symbol.asyncDispose]: async () => {
      over.removeEventListener("abort", thaw);
      thaw();
    },
  };
}

export function reidentify(guest: FakeGuest, wanted: GuestNewIdentity): GuestReceipt {
  const { entropy, hostname, machineId, network } = wanted;
  if (entropy.length < MIN_ENTROPY_BYTES) {
    throw refusal("bad_request", `entropy: at least ${MIN_ENTROPY_BYTES} bytes`);
  }
  guest.random.reseed(entropy);
  guest.hostname = hostname;
  if (machineId !== undefined) guest.files.write(MACHINE_ID, Buffer.from(`${machineId}\n`), 0o444);
  const sshHostKeys = renewHostKeys(guest, wanted);
  guest.card = cardFor(guest, network);
  return {
    rng: "reseeded",
    clockStepNs: 0n, // it reads the host's clock
    hostname: guest.hostname,
    machineId: machineId ?? machineIdOf(guest),
    sshHostKeys,
    mac: guest.card?.mac,
    address: guest.card?.address,
    connectionsCut: 0, // nothing in it outlives a session
  };
}

/** A guest that has none says zeros. */
function machineIdOf(guest: FakeGuest): string {
  const entry = guest.files.find(MACHINE_ID);
  return entry?.kind === "file" ? entry.content.toString().trim() : "0".repeat(32);
}

/** Gives a guest the id that it has not got yet. */
export function takeMachineId(guest: FakeGuest, machineId: string | undefined): boolean {
  if (machineId === undefined || guest.files.find(MACHINE_ID)) return false;
  guest.files.write(MACHINE_ID, Buffer.from(`${machineId}\n`), 0o444);
  return true;
}

/** The network that the guest has from now on. */
export function cardFor(guest: FakeGuest, network: GuestNetwork | undefined): FakeCard | undefined {
  if (!network) return undefined;
  const { plan, card } = guest;
  const own = plan.network.mode === "none" ? undefined : plan.network.mac;
  return { mac: network.mac?.toLowerCase() ?? card?.mac ?? own, address: network.address };
}

function renewHostKeys(guest: FakeGuest, wanted: GuestNewIdentity): GuestReceipt["sshHostKeys"] {
  const { files } = guest;
  if (!wanted.sshHostKeys) return "kept";
  if (files.find(SSH)?.kind !== "directory") return "none";
  for (const [name] of files.below(SSH)) {
    if (/^ssh_host_[^/]*_key(\.pub)?$/.test(name)) files.remove(`${SSH}/${name}`);
  }
  for (const { type, privateKey, publicKey } of wanted.sshHostKeys) {
    files.write(`${SSH}/ssh_host_${type}_key`, Buffer.from(privateKey), 0o600);
    files.write(`${SSH}/ssh_host_${type}_key.pub`, Buffer.from(publicKey), 0o644);
  }
  return "renewed";
}
