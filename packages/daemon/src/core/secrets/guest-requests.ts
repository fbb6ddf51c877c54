/**
 * What a guest asks of its host by itself: to bring its secrets up to date. It asks with a file of that
 * name in a directory that only its root can write, and gets an answer in another; the image's
 * `slicer-agent` does both. Everything in a request is its name, so there is nothing else to trust.
 */

import { pause, within } from "#lib/patience.ts";

import { type GuestLink, SessionLost } from "../ports/guest-link.ts";
import type { Log } from "../ports/log.ts";
import { ROOT, putFile } from "./guest-files.ts";

const REQUESTS = "/run/slicer/requests";
const ANSWERS = "/run/slicer/answers";
const ROOT_ONLY = 0o700;
const ANSWER_MODE = 0o600;
const REQUEST = /^secrets-sync\.[A-Za-z0-9]{1,32}$/;
const SYNC_TIMEOUT_MS = 60_000;
/** a guest that asks without end gets no more of the host's time than this leaves, in `ms` */
const REST_MS = 500;

/** streams that are ours in a session, and nobody's work */
const OWN_STREAMS = new WeakMap<GuestLink, number>();

/** how much is going on in a session now for those who use the VM */
export function workIn(link: GuestLink): number {
  return Math.max(0, link.openStreams - (OWN_STREAMS.get(link) ?? 0));
}

/**
 * Answers for as long as the session lasts. An agent that cannot watch is not asked to.
 * @param sync brings the guest's secrets up to date; @returns how many it has
 * @param signal ends it; it never rejects
 */
export async function answerRequests(
  link: GuestLink,
  parts: { readonly sync: (signal: AbortSignal) => Promise<number>; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  if (!link.agent.features.includes("watch")) return;
  try {
    for await (const name of requestsIn(link, signal)) {
      const words = await outcomeOf(parts.sync, within(SYNC_TIMEOUT_MS, signal));
      const answer = { path: `${ANSWERS}/${name}`, mode: ANSWER_MODE, user: ROOT };
      await putFile(link, answer, Buffer.from(`${words}\n`), signal);
      parts.log.info("secret.synced", { outcome: words });
      await pause(REST_MS, signal);
    }
  } catch (error) {
    if (signal.aborted || error instanceof SessionLost) return; // over, as everything is some time
    parts.log.warn("guest.requests_unheard", { error });
  } finally {
    OWN_STREAMS.delete(link);
  }
}

/** Names of requests that wait, and then of those that come. */
async function* requestsIn(link: GuestLink, signal: AbortSignal): AsyncGenerator<string> {
  for (const path of [REQUESTS, ANSWERS]) {
    await link.makeDirectory({ path, user: ROOT, recursive: true, mode: ROOT_ONLY }, signal);
  }
  const wanted = { paths: [REQUESTS], user: ROOT, patterns: [], recursive: false, debounceMs: 0 };
  const changes = await link.watch({ ...wanted, types: ["create"] }, signal);
  OWN_STREAMS.set(link, 1);
  const waiting = await link.readDirectory({ path: REQUESTS, user: ROOT }, signal);
  for await (const { name } of waiting) if (REQUEST.test(name)) yield name;
  for await (const { path } of changes) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (REQUEST.test(name)) yield name;
  }
}

/** One line that the guest reads: `ok` and a number, or `error` and a sentence. */
async function outcomeOf(
  sync: (signal: AbortSignal) => Promise<number>,
  signal: AbortSignal,
): Promise<string> {
  try {
    return `ok ${await sync(signal)}`;
  } catch (error) {
    if (error instanceof SessionLost) throw error;
    return `error ${error instanceof Error ? error.message : String(error)}`;
  }
}
