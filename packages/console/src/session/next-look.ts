/** When the daemon is next to be asked for the session. */

/** often enough to renew it while the page is open */
const USUALLY_MS = 15 * 60_000;
/** after its end, for clocks that differ a little */
const AFTER_END_MS = 1_000;

/** @returns in ms from now; `false` where nobody needs a session */
export function nextLookMs(
  session: { readonly signIn: string; readonly expiresAt?: string },
  now: number,
): number | false {
  if (session.signIn === "not_needed") return false;
  if (session.expiresAt === undefined) return USUALLY_MS;
  const untilEnd = Date.parse(session.expiresAt) - now + AFTER_END_MS;
  return Math.min(USUALLY_MS, Math.max(AFTER_END_MS, untilEnd));
}
