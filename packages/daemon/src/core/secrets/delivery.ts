/**
 * Secrets on their way into one guest: files below `/run/slicer/secrets`, which is memory there.
 *
 * They travel over the agent's channel alone: no command line, no environment, no disk on the way.
 */

import { AlcoveError } from "../errors.ts";
import type { GuestLink } from "../ports/guest-link.ts";
import type { Secret } from "../ports/secret-vault.ts";
import { putFile, ROOT } from "./guest-files.ts";

const DIRECTORY = "/run/slicer/secrets";
/** says that this boot has got them; beside them, so that it goes with them */
const DELIVERED = "/run/slicer/secrets-delivered";
/** each file's own mode says who may read it */
const DIRECTORY_MODE = 0o755;
const MARK_MODE = 0o444;
/** a guest that claims to have more files there is left alone */
const MAX_FOREIGN_FILES = 1_024;

/**
 * Gives a guest its secrets once in each boot; what changes later waits until the guest asks.
 * Rejects with what the agent says, or the signal's reason; then the next call begins again.
 */
export async function deliverOnce(
  link: GuestLink,
  secrets: () => AsyncIterable<Secret>,
  signal: AbortSignal,
): Promise<void> {
  if (await isThere(link, DELIVERED, signal)) return;
  await deliver(link, secrets(), signal);
  await putFile(link, { path: DELIVERED, mode: MARK_MODE, user: ROOT }, new Uint8Array(), signal);
}

/** Has the next call of `deliverOnce` give a guest its own: what is there came with another's memory. */
export async function forgetDelivery(link: GuestLink, signal: AbortSignal): Promise<void> {
  await link
    .remove({ path: DELIVERED, user: ROOT, recursive: false }, signal)
    .catch(passOverMissing);
}

/**
 * Makes the guest's files what `secrets` says: each is replaced as a whole, the others are removed.
 * @returns how many it has now
 */
export async function deliver(
  link: GuestLink,
  secrets: AsyncIterable<Secret>,
  signal: AbortSignal,
): Promise<number> {
  const directory = { path: DIRECTORY, user: ROOT, recursive: true, mode: DIRECTORY_MODE };
  await link.makeDirectory(directory, signal);
  const given = new Set<string>();
  for await (const { name, mode, uid, gid, content } of secrets) {
    const file = { path: `${DIRECTORY}/${name}`, mode, user: { uid, gid } };
    await putFile(link, file, content.reveal(), signal);
    given.add(name);
  }
  await removeOthers(link, given, signal);
  return given.size;
}

async function removeOthers(
  link: GuestLink,
  given: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const others: string[] = [];
  const entries = await link.readDirectory({ path: DIRECTORY, user: ROOT }, signal);
  for await (const { name, type } of entries) {
    if (type === "file" && !given.has(name)) others.push(name);
    if (others.length > MAX_FOREIGN_FILES) return;
  }
  for (const name of others) {
    const request = { path: `${DIRECTORY}/${name}`, user: ROOT, recursive: false };
    await link.remove(request, signal).catch(passOverMissing);
  }
}

async function isThere(link: GuestLink, path: string, signal: AbortSignal): Promise<boolean> {
  const entry = await link.stat({ path, user: ROOT }, signal).catch(passOverMissing);
  return entry !== undefined;
}

function passOverMissing(error: unknown): undefined {
  if (AlcoveError.is(error, "guest_refused") && error.details.reason === "not_found") return;
  throw error;
}
