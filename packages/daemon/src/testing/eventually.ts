/** Waiting for what a test expects, with an end. */

import { setTimeout as passed } from "node:timers/promises";

const DEADLINE_MS = 5_000;
const LOOK_EVERY_MS = 2;

/** Resolves when `holds` does; rejects with `what` when it does not in time. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not happen in time: ${what}`);
    await passed(LOOK_EVERY_MS);
  }
}
