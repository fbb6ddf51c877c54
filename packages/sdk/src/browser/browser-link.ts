/** A browser's WebSocket as the rest of the SDK knows it. */

import { AlcoveProtocolError } from "../errors.ts";
import type { LinkEvents, MessageLink } from "../wire.ts";

/** A browser cannot make the sender wait: more unread bytes than this end the connection. */
const UNREAD_LIMIT_BYTES = 64 * 1024 * 1024;
const ABNORMAL = 1006;

export class BrowserLink implements MessageLink {
  readonly #socket: WebSocket;
  readonly #events: LinkEvents<Uint8Array>;
  readonly #held: (Uint8Array | string)[] = [];
  #heldBytes = 0;
  #waiting = false;
  #failure: Error | undefined;
  #closedWith: number | undefined;
  #ended = false;

  constructor(socket: WebSocket, events: LinkEvents<Uint8Array>, signal: AbortSignal) {
    this.#socket = socket;
    this.#events = events;
    const onAbort = (): void => this.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#hold(new Uint8Array(data));
      else if (typeof data === "string") this.#hold(data);
    });
    socket.addEventListener("close", ({ code }) => {
      signal.removeEventListener("abort", onAbort);
      this.#closedWith = code;
      this.#flush();
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async send(message: Uint8Array): Promise<void> {
    if (this.isOpen) this.#socket.send(Uint8Array.from(message));
  }

  async sendText(text: string): Promise<void> {
    if (this.isOpen) this.#socket.send(text);
  }

  resume(): void {
    this.#waiting = false;
    this.#flush();
  }

  close(): void {
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.close();
    this.#held.length = 0;
    this.#waiting = false;
    this.#closedWith ??= ABNORMAL;
    this.#flush();
  }

  #hold(message: Uint8Array | string): void {
    this.#held.push(message);
    this.#heldBytes += message.length;
    this.#flush();
    if (this.#heldBytes <= UNREAD_LIMIT_BYTES) return;
    this.#failure = new AlcoveProtocolError(`More than ${UNREAD_LIMIT_BYTES} bytes were not read`);
    this.destroy();
  }

  #tell(message: Uint8Array | string): "more" | "wait" {
    if (typeof message !== "string") return this.#events.onMessage(message);
    return this.#events.onText?.(message) ?? "more";
  }

  #flush(): void {
    while (!this.#waiting) {
      const message = this.#held.shift();
      if (message === undefined) break;
      this.#heldBytes -= message.length;
      this.#waiting = this.#tell(message) === "wait";
    }
    if (this.#held.length > 0 || this.#closedWith === undefined || this.#ended) return;
    this.#ended = true;
    this.#events.onEnd(this.#closedWith, this.#failure);
  }
}
