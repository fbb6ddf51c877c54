/**
 * One writer at a time: builds, imports and removals hold this lock.
 *
 * The lock is a file with the holder's pid and the moment that process started, so a lock left by a
 * killed holder is recognised even when its pid has been given to somebody else.
 */

import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { AlcoveError } from "#core/errors.ts";
import { pause } from "#lib/patience.ts";

export interface LockHolder {
  readonly pid: number;
  /** start of the process in clock ticks since boot, as `/proc` has it */
  readonly startTicks: string;
  /** what it does, for people */
  readonly purpose: string;
}

/** how often a waiting process looks, in `ms` */
const POLL_MS = 200;

/** The lock is held by a living process, and the wait for it is over. */
function busy({ pid, purpose }: LockHolder): AlcoveError<"image_store_busy"> {
  const holder = `process ${pid} (${purpose})`;
  const message = `The image store is in use by ${holder}: try again when that has ended`;
  return new AlcoveError("image_store_busy", message, { holder });
}

/**
 * Takes the lock; disposing the result gives it back.
 * Rejects with `image_store_busy` when a living process still holds it after `waitMs`.
 * @param onWait told once, when it has to wait
 */
export async function lockStore(
  root: string,
  request: { purpose: string; waitMs: number; onWait: (holder: LockHolder) => void },
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const file = path.join(root, "lock");
  const deadline = Date.now() + request.waitMs;
  let told = false;
  for (;;) {
    signal.throwIfAborted();
    const holder = await tryLock(file, request.purpose);
    if (holder === "gone") continue;
    if (!holder) return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    if (await removeIfStale(file, holder)) continue;
    if (Date.now() >= deadline) throw busy(holder);
    if (!told) request.onWait(holder);
    told = true;
    await pause(POLL_MS, signal);
  }
}

/** @returns who has it already, or `undefined` when it is now ours */
async function tryLock(file: string, purpose: string): Promise<LockHolder | "gone" | undefined> {
  const startTicks = await startTicksOf(process.pid);
  if (startTicks === undefined) throw new Error("invariant: this process runs");
  const mine = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(mine, JSON.stringify({ pid: process.pid, startTicks, purpose }), { flag: "wx" });
  try {
    // A link appears complete or not at all: nobody ever reads half a lock.
    await link(mine, file);
    return undefined;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    return await readHolder(file);
  } finally {
    await rm(mine, { force: true });
  }
}

/** @returns whether the lock was left behind and is now gone */
/**
 * One at a time looks again and removes: nobody else takes a stale lock away, and nobody can put his own in its place
 * before it is gone. So what is removed is what was looked at.
 */
async function removeIfStale(file: string, holder: LockHolder): Promise<boolean> {
  if (await isAlive(holder)) return false;
  const cleaner = `${file}.cleaner`;
  if (!(await becomeCleaner(cleaner))) return false;
  try {
    const found = await readHolder(file);
    if (found !== "gone" && !(await isAlive(found))) await rm(file, { force: true });
    return true;
  } finally {
    await rm(cleaner, { recursive: true, force: true });
  }
}

/** Cleaning takes milliseconds: a cleaner of this age, in `ms`, has died of something. */
const DEAD_CLEANER_MS = 10_000;

async function becomeCleaner(directory: string): Promise<boolean> {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    const known = await stat(directory).catch(() => undefined); // it has just ended
    const isDead = known !== undefined && Date.now() - known.mtimeMs > DEAD_CLEANER_MS;
    if (isDead) await rm(directory, { recursive: true, force: true });
    return false;
  }
}

async function isAlive({ pid, startTicks }: LockHolder): Promise<boolean> {
  return (await startTicksOf(pid)) === startTicks;
}

const NOBODY: LockHolder = { pid: 0, startTicks: "", purpose: "unknown" };

async function readHolder(file: string): Promise<LockHolder | "gone"> {
  try {
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return isHolder(value) ? value : NOBODY;
  } catch (error) {
    // Damaged by a power cut: nobody who could be waited for.
    return hasCode(error, "ENOENT") ? "gone" : NOBODY;
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== "object" || value === null) return false;
  const holder = value as Partial<Record<keyof LockHolder, unknown>>;
  return (
    typeof holder.pid === "number" &&
    typeof holder.startTicks === "string" &&
    typeof holder.purpose === "string"
  );
}

/** @returns field 22 of `/proc/PID/stat`, or `undefined` when there is no such process */
async function startTicksOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the program's name in parentheses and may itself hold spaces or ")".
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
