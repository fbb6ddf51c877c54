/**
 * Memory and devices of a bare guest, by QEMU's own means: to a file and back, or as a template of
 * which many are made. No seal, no checksum, no manifest, no other user.
 */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { SOCKETS } from "../../packages/daemon/src/drivers/qemu/argv.ts";
import type { Qmp } from "../../packages/daemon/src/drivers/qemu/qmp.ts";
import { pause } from "../../packages/daemon/src/lib/patience.ts";
import { BareGuest, type BareOrder } from "./bare-guest.ts";

/** QEMU keeps itself to 128 MiB/s unless told otherwise */
const MAX_BANDWIDTH = 2 ** 40;
/** as the driver asks */
const ASK_EVERY_MS = 5;
const INCOMING = ["-incoming", "defer"] as const;
const IGNORE_SHARED = { capabilities: [{ capability: "x-ignore-shared", state: true }] };

/** Stops the guest, writes what it is to `file` and ends its QEMU. It is on the disk when this resolves. */
export async function suspend(guest: BareGuest, file: string, signal: AbortSignal): Promise<void> {
  using qmp = await guest.control(signal);
  await qmp.execute("stop", {}, signal);
  await using handle = await open(file, "w", 0o600);
  await sendTo((chunk) => handle.appendFile(chunk), { qmp, guest }, signal);
  await handle.sync();
  await guest.end();
}

/** Starts a QEMU on what `suspend` wrote. Resolves with an answer of its agent. */
export async function resume(
  guest: BareGuest,
  file: string,
  signal: AbortSignal,
): Promise<GuestLink> {
  await guest.spawn(INCOMING);
  using qmp = await guest.control(signal);
  await receiveFrom(createReadStream(file), { qmp, guest }, signal);
  await qmp.execute("cont", {}, signal);
  return await guest.greet(signal);
}

/** A guest that was booted once, and of whose memory others are made. */
export class BareTemplate implements AsyncDisposable {
  /** what it is besides its memory, in bytes */
  readonly stateBytes: number;
  readonly #order: BareOrder;
  readonly #state: Buffer;
  readonly #opened: AsyncDisposableStack;

  /** Boots it, has its agent answer, and freezes it. */
  static async make(order: BareOrder, signal: AbortSignal): Promise<BareTemplate> {
    await using opened = new AsyncDisposableStack();
    const ram = opened.use(await namelessFile());
    const memoryPath = `/proc/${process.pid}/fd/${ram.fd}`;
    const memory = { kind: "file", path: memoryPath, share: true } as const;
    const guest = opened.use(await BareGuest.prepare({ ...order, memory }));
    await (await guest.boot(signal))[Symbol.asyncDispose]();
    const state = await freeze(guest, signal);
    await guest.end();
    const ground = {
      path: guest.diskPath,
      format: "qcow2" as const,
      backing: { ...order.image.rootfs, backing: undefined },
    };
    const forks = { ...order, ground, memory: { ...memory, share: false } };
    return new BareTemplate(forks, state, opened.move());
  }

  private constructor(order: BareOrder, state: Buffer, opened: AsyncDisposableStack) {
    this.#order = order;
    this.#state = state;
    this.#opened = opened;
    this.stateBytes = state.length;
  }

  /** @returns a guest with a disk of its own, not started yet */
  prepare(): Promise<BareGuest> {
    return BareGuest.prepare(this.#order);
  }

  /** Starts a QEMU with the template's memory. It runs by itself; resolves with an answer of its agent. */
  async fork(guest: BareGuest, signal: AbortSignal): Promise<GuestLink> {
    await guest.spawn(INCOMING);
    using qmp = await guest.control(signal);
    await qmp.execute("migrate-set-capabilities", IGNORE_SHARED, signal);
    await receiveFrom(Readable.from([this.#state]), { qmp, guest }, signal);
    return await guest.greet(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

/** In memory, and gone with the last process that has it open, however that one ends. */
async function namelessFile(): Promise<FileHandle> {
  const directory = await mkdtemp("/dev/shm/alcove-bench-");
  try {
    return await open(path.join(directory, "ram"), "wx+", 0o600);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** It is not stopped first: so its forks run as soon as they are loaded. It must not run again. */
async function freeze(guest: BareGuest, signal: AbortSignal): Promise<Buffer> {
  using qmp = await guest.control(signal);
  await qmp.execute("migrate-set-capabilities", IGNORE_SHARED, signal);
  const chunks: Buffer[] = [];
  const keep = (chunk: Buffer): Promise<void> => {
    chunks.push(chunk);
    return Promise.resolve();
  };
  await sendTo(keep, { qmp, guest }, signal);
  return Buffer.concat(chunks);
}

interface Party {
  readonly qmp: Qmp;
  readonly guest: BareGuest;
}

async function sendTo(
  take: (chunk: Buffer) => Promise<void>,
  { qmp, guest }: Party,
  signal: AbortSignal,
): Promise<void> {
  await using server = createServer();
  const door = await freshDoor(guest);
  server.listen(door);
  await once(server, "listening", { signal });
  const connected = once(server, "connection", { signal });
  connected.catch(() => undefined); // it is awaited below, unless QEMU refuses
  await qmp.execute("migrate-set-parameters", { "max-bandwidth": MAX_BANDWIDTH }, signal);
  await qmp.execute("migrate", { uri: `unix:${SOCKETS.state}` }, signal);
  const [socket]: Socket[] = await connected;
  if (!socket) throw new Error("invariant: a connection comes with its socket");
  for await (const chunk of socket) await take(chunk);
  await migrated(qmp, signal);
}

async function receiveFrom(
  from: Readable,
  { qmp, guest }: Party,
  signal: AbortSignal,
): Promise<void> {
  const door = await freshDoor(guest);
  await qmp.execute("migrate-incoming", { uri: `unix:${SOCKETS.state}` }, signal);
  const socket = connect({ path: door });
  await once(socket, "connect", { signal });
  await pipeline(from, socket, { signal });
  await migrated(qmp, signal);
}

/** @returns path of the socket through which a state goes; what used it before is gone */
async function freshDoor({ runDir }: BareGuest): Promise<string> {
  const door = path.join(runDir, SOCKETS.state);
  await rm(door, { force: true });
  return door;
}

async function migrated(qmp: Qmp, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = JSON.stringify(await qmp.execute("query-migrate", {}, signal));
    if (answer.includes('"status":"completed"')) return;
    if (/"status":"(failed|cancelled)"/.test(answer)) throw new Error(`QEMU: ${answer}`);
    await pause(ASK_EVERY_MS, signal);
  }
}
