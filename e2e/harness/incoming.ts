/** What arrives on a connection, taken in exact portions. */

import type { Socket } from "node:net";

import { inTime } from "./until.ts";

export class Incoming {
  #bytes = Buffer.alloc(0);
  #ended = false;
  #arrived = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    socket.on("error", () => this.#end()); // told to whoever takes next
    socket.on("close", () => this.#end());
    socket.on("end", () => this.#end());
  }

  /** Rejects when the connection ends before. */
  async take(count: number): Promise<Buffer> {
    await this.#until(`${count} bytes`, () => this.#bytes.length >= count);
    return this.#cut(count);
  }

  /** @returns everything up to and with `mark` */
  async takeThrough(mark: string): Promise<Buffer> {
    await this.#until(JSON.stringify(mark), () => this.#bytes.includes(mark));
    return this.#cut(this.#bytes.indexOf(mark) + mark.length);
  }

  /** Resolves when the other side has ended the connection and nothing more is there. */
  async ended(): Promise<void> {
    while (!this.#ended) await inTime("the end of the connection", this.#arrived.promise);
    if (this.#bytes.length > 0) throw new Error(`more came: ${this.#bytes.toString("latin1")}`);
  }

  async #until(what: string, there: () => boolean): Promise<void> {
    while (!there()) {
      if (this.#ended) {
        throw new Error(`the connection ended before ${what}; it has ${this.#bytes.length} bytes`);
      }
      await inTime(what, this.#arrived.promise);
    }
  }

  #cut(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
  }
}
