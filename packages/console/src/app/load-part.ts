/**
 * Loads a part of the console that is a chunk of its own, whatever happens meanwhile: while the daemon is away it waits
 * for it; where the daemon came back with another console, whose chunks have other names, the page begins anew, once.
 */

const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 5_000;

export interface Surroundings {
  /** rejects while the daemon does not answer */
  readonly look: () => Promise<void>;
  readonly wait: (ms: number) => Promise<void>;
  /** loads the whole page again. @returns whether it may: not twice within a minute */
  readonly beginAnew: () => boolean;
}

/** @throws what the load failed with, when it fails though the daemon answers */
export async function loadedPart<M>(load: () => Promise<M>, around: Surroundings): Promise<M> {
  const isAway = (): Promise<boolean> => around.look().then(no, yes);
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LAST_WAIT_MS, waitMs * 2)) {
    try {
      return await load();
    } catch (error) {
      if (!(await isAway())) return await again(load, around, error);
      await around.wait(waitMs);
    }
  }
}

/** The daemon answers: what failed may have been its end. Browsers may also remember a failure until the page begins anew. */
async function again<M>(load: () => Promise<M>, around: Surroundings, error: unknown): Promise<M> {
  try {
    return await load();
  } catch {
    if (around.beginAnew()) return await new Promise<never>(() => {}); // this page ends in a moment
    throw error;
  }
}

function yes(): boolean {
  return true;
}

function no(): boolean {
  return false;
}
