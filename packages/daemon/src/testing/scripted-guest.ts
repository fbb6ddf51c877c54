/**
 * A guest that does what a test tells it: the other end of the guest protocol on a real Unix socket.
 *
 * It welcomes every HELLO by itself (unless told not to) and queues all other frames for the test
 * to take. It is no agent: nothing happens unless the test sends it.
 */

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { encodeFrame, type Frame, FrameDecoder, type FrameType } from "#guest/frames.ts";

const NONCE_BYTES = 16;

export interface ScriptedGuestOptions {
  /** credit the host gets on each stream, in bytes */
  readonly windowBytes?: number;
  /** the WELCOME's JSON; default a proper one */
  readonly welcome?: object;
  /** how often each HELLO is answered; default once */
  readonly welcomesEach?: number;
  /** HELLOs that are not answered, as by an agent that is still booting */
  readonly ignoredHellos?: number;
  /** bytes of an unfinished frame that the guest is in the middle of: it swallows so many first */
  readonly unfinishedBytes?: number;
  /** what is on its way from an earlier session, sent as soon as somebody connects */
  readonly leftovers?: Uint8Array;
}

export class ScriptedGuest implements AsyncDisposable {
  readonly path: string;
  /** HELLOs seen so far */
  hellos = 0;
  readonly #server: Server;
  readonly #options: ScriptedGuestOptions;
  #socket: Socket | undefined;
  #frames: Frame[] = [];
  #arrived = Promise.withResolvers<void>();
  #hungUp = Promise.withResolvers<void>();

  private constructor(socketPath: string, options: ScriptedGuestOptions) {
    this.path = socketPath;
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async listen(options: ScriptedGuestOptions = {}): Promise<ScriptedGuest> {
    const directory = await mkdtemp(path.join(tmpdir(), "alcove-guest-"));
    const guest = new ScriptedGuest(path.join(directory, "agent.sock"), options);
    guest.#server.listen(guest.path);
    await once(guest.#server, "listening");
    return guest;
  }

  /** The next frame of this type; those before it are thrown away. */
  async next(type: FrameType): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame?.type === type) return frame;
      if (frame) continue;
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
  }

  /** Takes DATA of a stream until so many bytes have come. */
  async nextData(stream: number, bytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let missing = bytes;
    while (missing > 0) {
      const frame = await this.next("DATA");
      if (frame.stream !== stream) throw new Error(`data for stream ${frame.stream}`);
      parts.push(frame.payload);
      missing -= frame.payload.length;
    }
    return Buffer.concat(parts);
  }

  /** @returns types of the frames that came and were not taken */
  waitingTypes(): readonly FrameType[] {
    return this.#frames.map(({ type }) => type);
  }

  send(type: FrameType, stream: number, payload: Uint8Array | object = new Uint8Array(0)): void {
    const isBytes = payload instanceof Uint8Array;
    const bytes = isBytes ? payload : Buffer.from(JSON.stringify(payload));
    this.sendRaw(encodeFrame(type, stream, bytes));
  }

  credit(stream: number, bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(bytes);
    this.send("CREDIT", stream, payload);
  }

  sendRaw(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  /** The guest stops or goes on reading. */
  setReading(reading: "reads" | "stalls"): void {
    if (reading === "reads") this.#socket?.resume();
    else this.#socket?.pause();
  }

  /** Ends the connection as a machine that is gone does; the next one is served afresh. */
  hangUp(): void {
    this.#socket?.destroy();
  }

  /** Resolves when the host has closed the connection. */
  async hungUp(): Promise<void> {
    await this.#hungUp.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy();
    this.#server.close();
    await rm(path.dirname(this.path), { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    this.#socket = socket;
    this.#frames = [];
    if (this.#options.leftovers) socket.write(this.#options.leftovers);
    let swallow = this.#options.unfinishedBytes ?? 0;
    const decoder = new FrameDecoder((frame) => this.#accept(frame));
    const hungUp = Promise.withResolvers<void>();
    this.#hungUp = hungUp;
    socket.on("close", () => hungUp.resolve());
    socket.on("error", () => undefined); // hosts that hang up in the middle are part of the tests
    socket.on("data", (chunk: Buffer) => {
      const rest = chunk.subarray(swallow);
      swallow -= chunk.length - rest.length;
      decoder.push(rest);
    });
  }

  #accept(frame: Frame): void {
    if (frame.type === "HELLO") {
      this.#onHello(frame.payload.subarray(0, NONCE_BYTES));
      return;
    }
    this.#frames.push(frame);
    this.#arrived.resolve();
  }

  #onHello(nonce: Uint8Array): void {
    this.hellos += 1;
    if (this.hellos <= (this.#options.ignoredHellos ?? 0)) return;
    const welcome = this.#options.welcome ?? welcomeWith(this.#options.windowBytes ?? 262_144);
    const payload = Buffer.concat([nonce, Buffer.from(JSON.stringify(welcome))]);
    const times = this.#options.welcomesEach ?? 1;
    for (let sent = 0; sent < times; sent += 1) this.send("WELCOME", 0, payload);
  }
}

function welcomeWith(window: number): object {
  const features = ["exec", "copy"];
  return { protocol: 1, agent: "0.0.1", window, features, bootId: "b-1", init: "alcove" };
}
