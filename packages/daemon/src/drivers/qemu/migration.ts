/**
 * Carries a machine's state between QEMU and whoever keeps it.
 *
 * QEMU may open no file and start no program, so it speaks to a socket in its working directory and
 * the daemon carries the bytes. Everything of a state comes from a process that a guest may have
 * taken over: it is counted, and given to nobody but another QEMU.
 */

import { addAbortListener, once } from "node:events";
import { connect, type Socket } from "node:net";
import { crc32 } from "node:zlib";

import { pause, unlessAborted, within } from "#lib/patience.ts";
import { printable } from "#lib/text.ts";

import { SOCKETS } from "./argv.ts";
import type { Qmp } from "./qmp.ts";
import type { StateDoor } from "./state-door.ts";

/** QEMU keeps itself to 128 MiB/s unless told otherwise; nobody else needs this socket */
const MAX_BANDWIDTH = 2 ** 40;

/** how often QEMU is asked how far it is, in `ms`: small states are carried in less than ten */
const ASK_EVERY_MS = 1;

/** how long a state may take, however small it is, in `ms` */
const LEAST_TIMEOUT_MS = 60_000;

/** the slowest that a state of any size may be carried, in bytes a second: a busy disk does ten times that */
const SLOWEST = 4 * 1024 * 1024;

/** how long QEMU may take to give up a migration, in `ms` */
const CANCEL_TIMEOUT_MS = 10_000;

const MAX_ERROR_CHARS = 500;

const OVER = new Set(["completed", "failed", "cancelled"]);

/** Where a state goes. */
export interface SaveTarget {
  readonly door: StateDoor;
  readonly maxBytes: number;
  /** given each piece in its order, the next when it has resolved */
  readonly keep: (piece: Buffer) => Promise<void>;
}

/** Who takes a state. */
export interface LoadSource {
  readonly qmp: Qmp;
  /** its socket */
  readonly path: string;
  /** called when QEMU listens and before it has read a byte of the state */
  readonly sealed: () => Promise<void>;
}

/** A state as it was kept. */
export interface KeptState {
  readonly bytes: number;
  readonly pieces: AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** What went through the daemon's hands, as QEMU has it. */
export interface Carried {
  readonly bytes: number;
  /** of all of it, as a whole number */
  readonly checksum: number;
}

/** Writes the state of a machine whose vCPUs stand still; when this rejects the machine can be resumed. */
export async function saveTo(target: SaveTarget, qmp: Qmp, signal: AbortSignal): Promise<Carried> {
  const { maxBytes } = target;
  const giveUp = new AbortController();
  const stopped = AbortSignal.any([timeFor(maxBytes, signal), giveUp.signal]);
  const writing = writeAll(target, stopped);
  writing.catch((error: unknown) => giveUp.abort(error)); // a full disk ends the migration, too
  try {
    await qmp.execute("migrate-set-parameters", { "max-bandwidth": MAX_BANDWIDTH }, stopped);
    await qmp.execute("migrate", { uri: `unix:${SOCKETS.state}` }, stopped);
    await migrated(qmp, stopped);
    return await writing;
  } catch (error) {
    giveUp.abort(error);
    await cancelled(qmp);
    await writing.catch(() => undefined); // why it ended is what is thrown
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Has a QEMU that was started with `-incoming defer` take a state.
 * @returns what it was given, which may be anything: QEMU does not notice every damage
 */
export async function loadFrom(
  state: KeptState,
  { qmp, path, sealed }: LoadSource,
  signal: AbortSignal,
): Promise<Carried> {
  const till = timeFor(state.bytes, signal);
  await qmp.execute("migrate-incoming", { uri: `unix:${SOCKETS.state}` }, till);
  const socket = connect({ path });
  using _left = addAbortListener(till, () => socket.destroy());
  try {
    await once(socket, "connect", { signal: till });
    await sealed();
    const carried = await sendAll(state, socket);
    await migrated(qmp, till);
    return carried;
  } finally {
    socket.destroy();
  }
}

function timeFor(bytes: number, signal: AbortSignal): AbortSignal {
  return within(LEAST_TIMEOUT_MS + Math.ceil((bytes / SLOWEST) * 1000), signal);
}

/** Resolves when the migration is complete; rejects when it has failed, with QEMU's words. */
async function migrated(qmp: Qmp, signal: AbortSignal): Promise<void> {
  let { status, problem } = await progressOf(qmp, signal);
  while (!OVER.has(status)) {
    await pause(ASK_EVERY_MS, signal);
    ({ status, problem } = await progressOf(qmp, signal));
  }
  if (status !== "completed") throw new Error(`QEMU could not carry the state: ${problem}`);
}

/** Whatever the outcome: QEMU is done with it when this resolves. Never rejects. */
async function cancelled(qmp: Qmp): Promise<void> {
  const deadline = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
  try {
    await qmp.execute("migrate_cancel", {}, deadline);
    let { status } = await progressOf(qmp, deadline);
    while (status !== "" && !OVER.has(status)) {
      await pause(ASK_EVERY_MS, deadline);
      ({ status } = await progressOf(qmp, deadline));
    }
  } catch {
    // QEMU has ended or hangs: that shows in the machine, and the caller has a reason already.
  }
}

/** @returns QEMU's word for how far it is; empty before any migration */
async function progressOf(
  qmp: Qmp,
  signal: AbortSignal,
): Promise<{ readonly status: string; readonly problem: string }> {
  const answer = await unlessAborted(qmp.execute("query-migrate", {}, signal), signal);
  if (typeof answer !== "object" || answer === null) return { status: "", problem: "" };
  const status = "status" in answer && typeof answer.status === "string" ? answer.status : "";
  const words = "error-desc" in answer ? String(answer["error-desc"]) : "it did not say why";
  return { status, problem: printable(words, MAX_ERROR_CHARS) };
}

async function writeAll(
  { door, maxBytes, keep }: SaveTarget,
  signal: AbortSignal,
): Promise<Carried> {
  const [socket]: Socket[] = await once(door.server, "connection", { signal });
  if (!socket) throw new Error("invariant: a connection comes with its socket");
  using _left = addAbortListener(signal, () => socket.destroy());
  let [bytes, checksum] = [0, 0];
  for await (const piece of socket) {
    const chunk: Buffer = piece;
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new Error(`QEMU sent more than the ${maxBytes} bytes that a state can have`);
    }
    checksum = crc32(chunk, checksum);
    await keep(chunk);
  }
  return { bytes, checksum };
}

async function sendAll({ pieces }: KeptState, socket: Socket): Promise<Carried> {
  let [bytes, checksum] = [0, 0];
  for await (const piece of pieces) {
    bytes += piece.length;
    checksum = crc32(piece, checksum);
    await sent(socket, piece); // no more than one is on its way
  }
  socket.end();
  return { bytes, checksum };
}

function sent(socket: Socket, bytes: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.write(bytes, (error) => {
    if (error) reject(error);
    else resolve();
  });
  return promise;
}
