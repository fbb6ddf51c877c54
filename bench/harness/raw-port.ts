/**
 * The serial port by itself: no agent, no frames, no credit. What it carries is the ceiling of
 * everything that goes through such a port.
 *
 * In the guest `dd` reads it into /dev/null or fills it with zeros, in blocks as large as the
 * agent's.
 */

import { once } from "node:events";
import type { Socket } from "node:net";

import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { connectUnixSocket } from "../../packages/daemon/src/guest/transports/unix-socket.ts";
import { runInGuest, shell } from "./agent-channel.ts";
import { RAW_PORT } from "./bare-extras.ts";
import { timed } from "./stopwatch.ts";

const BLOCK_BYTES = 256 * 1024;
/** how long `dd` is given to have opened the port, in `ms`; not measured */
const OPENING_MS = 100;

export class RawPort implements Disposable {
  readonly #socket: Socket;
  readonly #link: GuestLink;
  /** path of the port in the guest */
  readonly #device: string;

  static async open(socketPath: string, link: GuestLink, signal: AbortSignal): Promise<RawPort> {
    const find = `for port in /sys/class/virtio-ports/*; do
      if [ "$(cat "$port/name")" = ${RAW_PORT} ]; then echo "/dev/\${port##*/}"; fi
    done`;
    const device = (await runInGuest(link, shell(find), signal)).trim();
    if (device === "") throw new Error(`The guest has no serial port called ${RAW_PORT}`);
    return new RawPort(await connectUnixSocket(socketPath, signal), link, device);
  }

  private constructor(socket: Socket, link: GuestLink, device: string) {
    this.#socket = socket;
    this.#link = link;
    this.#device = device;
  }

  /** @returns `ms` from the first byte sent until the guest has read the last */
  async copyIn(bytes: number, signal: AbortSignal): Promise<number> {
    const flags = `bs=${BLOCK_BYTES} iflag=fullblock,count_bytes count=${bytes} status=none`;
    const reading = runInGuest(
      this.#link,
      shell(`dd if=${this.#device} of=/dev/null ${flags}`),
      signal,
    );
    reading.catch(() => undefined); // it is awaited below, unless sending fails first
    await new Promise((resolve) => setTimeout(resolve, OPENING_MS));
    const block = Buffer.alloc(BLOCK_BYTES);
    return await timed(async () => {
      for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
        if (!this.#socket.write(block)) await once(this.#socket, "drain", { signal });
      }
      await reading;
    });
  }

  /** @returns `ms` from asking until the last byte has come; starting `dd` is part of it */
  async copyOut(bytes: number, signal: AbortSignal): Promise<number> {
    const flags = `bs=${BLOCK_BYTES} iflag=count_bytes count=${bytes} status=none`;
    const { promise: complete, resolve } = Promise.withResolvers<void>();
    let left = bytes;
    const onData = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left <= 0) resolve();
    };
    this.#socket.on("data", onData);
    try {
      return await timed(async () => {
        await runInGuest(this.#link, shell(`dd if=/dev/zero of=${this.#device} ${flags}`), signal);
        await complete;
      });
    } finally {
      this.#socket.off("data", onData);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
