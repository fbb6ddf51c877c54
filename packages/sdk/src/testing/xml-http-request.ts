/** As much of a browser's XMLHttpRequest as uploads use, over Node's own requests. Only for tests. */

import http from "node:http";

const PIECE_BYTES = 64 * 1024;

class Progress extends Event {
  readonly loaded: number;

  constructor(loaded: number) {
    super("progress");
    this.loaded = loaded;
  }
}

export class XmlHttpRequest extends EventTarget {
  status = 0;
  responseText = "";
  readonly upload: EventTarget = new EventTarget();
  #request: http.ClientRequest | undefined;
  #isOver = false;

  open(method: string, url: string): void {
    this.#request = http.request(url, { method });
    this.#request.once("error", () => this.#end("error"));
    this.#request.once("response", (response) => void this.#read(response));
  }

  setRequestHeader(name: string, value: string): void {
    this.#request?.setHeader(name, value);
  }

  send(body: Blob): void {
    void this.#send(body);
  }

  abort(): void {
    this.#end("abort");
    this.#request?.destroy();
  }

  async #send(body: Blob): Promise<void> {
    const bytes = new Uint8Array(await body.arrayBuffer());
    this.#request?.setHeader("content-length", bytes.length);
    for (let at = 0; at < bytes.length && !this.#isOver; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.#request?.write(piece);
      this.upload.dispatchEvent(new Progress(at + piece.length));
    }
    if (!this.#isOver) this.#request?.end();
  }

  async #read(response: http.IncomingMessage): Promise<void> {
    this.status = response.statusCode ?? 0;
    for await (const piece of response) this.responseText += String(piece);
    this.#end("load");
  }

  #end(how: "load" | "error" | "abort"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.dispatchEvent(new Event(how));
  }
}
