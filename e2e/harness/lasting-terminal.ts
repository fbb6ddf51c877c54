/** One who works at a terminal that outlives them, through the SDK: types, and keeps all that was shown. */

import assert from "node:assert/strict";

import { AlcoveClient, type TerminalEvent, type TerminalSession } from "@alcove/sdk";

import type { Api } from "./api.ts";
import { inTime, until } from "./until.ts";

export type Notice = Exclude<TerminalEvent, { type: "output" }>;

export function terminalsOf(api: Api, hostname: string) {
  assert.ok("port" in api.endpoint);
  const baseURL = `http://127.0.0.1:${api.endpoint.port}`;
  const client = new AlcoveClient({ baseURL, ...(api.token ? { token: api.token } : {}) });
  return client.vms.attach("sbox", hostname).terminals;
}

export class LastingTerminal implements Disposable {
  readonly session: TerminalSession<Buffer>;
  readonly notices: Notice[] = [];
  /** settles when the connection is over: with nothing, or why it broke */
  readonly over: Promise<Error | undefined>;
  #said = "";

  private constructor(session: TerminalSession<Buffer>) {
    this.session = session;
    this.over = this.#read().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
  }

  static async attach(api: Api, hostname: string, id: string): Promise<LastingTerminal> {
    const attaching = terminalsOf(api, hostname).attach(id);
    return new LastingTerminal(await inTime("the attachment", attaching));
  }

  /** all output so far */
  get said(): string {
    return this.#said;
  }

  async type(text: string): Promise<void> {
    await this.session.write(text);
  }

  async shows(text: string | RegExp): Promise<void> {
    const isThere = () =>
      typeof text === "string" ? this.#said.includes(text) : text.test(this.#said);
    await until(`the terminal shows ${String(text)}`, isThere).catch((error: unknown) => {
      throw new Error(`it shows ${JSON.stringify(this.#said.slice(-2_000))}`, { cause: error });
    });
  }

  async isLive(): Promise<void> {
    await until("it is live", () => this.notices.some(({ type }) => type === "live"));
  }

  [Symbol.dispose](): void {
    this.session.close();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const event of this.session.events()) {
      if (event.type === "output") this.#said += decoder.decode(event.bytes, { stream: true });
      else this.notices.push(event);
    }
  }
}
