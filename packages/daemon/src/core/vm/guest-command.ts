/** A short command of ours in a guest: what it says is a complaint, and bounded. */

import { within } from "#lib/patience.ts";

import type { GuestLink } from "../ports/guest-link.ts";

/** how long it may take, in `ms` */
const TIMEOUT_MS = 15_000;

/** what of the guest's complaint is kept, in bytes */
const MAX_COMPLAINT_BYTES = 1024;

/**
 * Runs a script as root, with words that it finds as `$1` and so on.
 * @returns what the guest said when it could not; `undefined` when it could
 */
export async function commandGuest(
  link: Pick<GuestLink, "exec">,
  script: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const process = await link.exec(
    {
      program: { kind: "argv", argv: ["/bin/sh", "-c", script, "alcove", ...words] },
      env: [],
      cwd: "/",
      user: { uid: 0, gid: 0 },
      stdin: false,
      stdout: true,
      stderr: true,
      pty: undefined,
    },
    within(TIMEOUT_MS, signal),
  );
  let said = Buffer.alloc(0);
  for await (const { bytes } of process.output) {
    said = Buffer.concat([said, bytes]).subarray(0, MAX_COMPLAINT_BYTES);
  }
  const { exitCode } = await process.ended;
  return exitCode === 0 ? undefined : said.toString("utf8").trim();
}
