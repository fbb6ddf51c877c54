/** A guest that holds still, and one that becomes somebody else: the `quiesce` and `reidentify` streams. */

import { isIPv4 } from "node:net";

import type { GuestNewIdentity, GuestReceipt, GuestStillness } from "#core/ports/guest-identity.ts";
import { settlesWithin, unlessAborted } from "#lib/patience.ts";

import { ask } from "./ask.ts";
import {
  countOf,
  type Fields,
  fieldsOf,
  has,
  nanosecondsOf,
  oneOf,
  textOf,
  textsOf,
} from "./fields.ts";
import { BrokenStream } from "./frames.ts";
import { quiesceRequest, reidentifyRequest } from "./requests.ts";
import type { Session } from "./session.ts";

/** how long a guest may take to confirm that its file systems go on; they do so in any case */
const RELEASE_PATIENCE_MS = 2_000;
const MAX_MOUNTS = 64;
const PATH_CHARS = 4096;
/** the longest host name that Linux takes */
const HOSTNAME_CHARS = 64;
const MAX_CONNECTIONS = 2 ** 31 - 1;

/** @param signal aborts it: whatever holds still by then goes on */
export async function quiesce(session: Session, signal: AbortSignal): Promise<GuestStillness> {
  signal.throwIfAborted();
  const stream = session.open({
    request: quiesceRequest,
    started: readFrozen,
    result: () => undefined,
  });
  try {
    const frozen = await unlessAborted(stream.started, signal);
    const release = async (): Promise<void> => {
      stream.cancel();
      // Its end is a refusal (cancelled, or held for too long) or the session's: all let the guest go on.
      await settlesWithin(stream.closed, RELEASE_PATIENCE_MS);
    };
    return { frozen, [Symbol.asyncDispose]: release };
  } catch (error) {
    stream.cancel(); // does nothing when it was the guest that refused
    throw error;
  }
}

/** @param signal stops the waiting; the guest may be the one or the other then */
export async function reidentify(
  session: Session,
  wanted: GuestNewIdentity,
  signal: AbortSignal,
): Promise<GuestReceipt> {
  const call = { request: reidentifyRequest(wanted), result: readReceipt };
  const receipt = await ask(session, call, signal);
  const wrong = difference(receipt, wanted);
  if (wrong === undefined) return receipt;
  throw session.breach(`the agent confirms an identity with another ${wrong}`);
}

/** @returns the mount points in the event that says that they are frozen */
export function readFrozen(event: Fields): readonly string[] {
  const bounds = { items: MAX_MOUNTS, chars: PATH_CHARS };
  return textsOf(fieldsOf(event, "frozen"), "mounts", bounds);
}

/** Throws `BrokenStream`. */
export function readReceipt(reply: Fields): GuestReceipt {
  const receipt = fieldsOf(reply, "receipt");
  return {
    rng: oneOf(receipt, "rng", ["reseeded"]),
    clockStepNs: nanosecondsOf(receipt, "clockStepNs"),
    hostname: textOf(receipt, "hostname", HOSTNAME_CHARS),
    machineId: shaped(receipt, "machineId", /^([0-9a-f]{32})?$/),
    sshHostKeys: oneOf(receipt, "sshHostKeys", ["renewed", "none", "kept"]),
    mac: has(receipt, "mac") ? shaped(receipt, "mac", /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/) : undefined,
    address: has(receipt, "address") ? addressOf(receipt) : undefined,
    connectionsCut: countOf(receipt, "connectionsCut", MAX_CONNECTIONS),
  };
}

/** What was asked for and is not so; names a field. */
function difference(receipt: GuestReceipt, wanted: GuestNewIdentity): string | undefined {
  const { hostname, machineId, network } = wanted;
  if (receipt.hostname !== hostname) return "host name";
  if (machineId !== undefined && receipt.machineId !== machineId) return "machine id";
  if (receipt.address !== network?.address) return "address";
  if (network?.mac !== undefined && receipt.mac !== network.mac.toLowerCase()) return "MAC address";
  return undefined;
}

function shaped(from: Fields, name: string, shape: RegExp): string {
  const text = textOf(from, name, HOSTNAME_CHARS);
  if (!shape.test(text)) throw new BrokenStream(`the agent's "${name}" is not what it should be`);
  return text;
}

function addressOf(from: Fields): string {
  const text = textOf(from, "address", HOSTNAME_CHARS);
  if (!isIPv4(text)) throw new BrokenStream('the agent\'s "address" is not an IPv4 address');
  return text;
}
