/** `vm.terminals`: shells that outlive the client, its connection and the daemon. */

import { type CamelKeys, camelKeys } from "../camel-keys.ts";
import type { HostApi } from "../host-api.ts";
import type { TerminalSize } from "../shell.ts";
import type { TerminalSession } from "../terminal-session.ts";
import type { NewTerminal, Terminal } from "../terminal-shapes.ts";
import { TerminalsApi } from "../terminals.ts";
import { type CallOptions, signalOf } from "./call.ts";

export interface TerminalOptions extends CallOptions {
  /** default 80 by 24 */
  readonly size?: TerminalSize;
  /** default: the guest's default user */
  readonly uid?: number;
  readonly gid?: number;
  /** default: the user's login shell */
  readonly shell?: string;
  /** default: the user's home */
  readonly cwd?: string;
}

const USUAL_SIZE: TerminalSize = { cols: 80, rows: 24 };

export class VmTerminals<B extends Uint8Array = Uint8Array> {
  readonly #api: TerminalsApi<B>;
  readonly #hostname: string;

  constructor(api: HostApi<B>, hostname: string) {
    this.#api = new TerminalsApi(api.wire);
    this.#hostname = hostname;
  }

  /** Opens one; nobody is attached to it yet. @throws AlcoveApiError 501 where the guest's agent is too old for it */
  async open(options: TerminalOptions = {}): Promise<CamelKeys<NewTerminal>> {
    const { size = USUAL_SIZE, signal: _, ...rest } = options;
    const { cols, rows } = size;
    const wanted = { cols, rows, ...rest };
    return camelKeys(await this.#api.open(this.#hostname, wanted, signalOf(options)));
  }

  /** Also those whose shell has ended, until they are deleted. */
  async list(options: CallOptions = {}): Promise<readonly CamelKeys<Terminal>[]> {
    return camelKeys(await this.#api.list(this.#hostname, signalOf(options)));
  }

  /** What is kept of its output comes first. @throws AlcoveApiError 404 for an id that never was, 410 for one that is gone */
  async attach(id: string, options: CallOptions = {}): Promise<TerminalSession<B>> {
    return await this.#api.attach(this.#hostname, id, signalOf(options));
  }

  /** Ends what runs in it, and forgets it. */
  async delete(id: string, options: CallOptions = {}): Promise<void> {
    await this.#api.delete(this.#hostname, id, signalOf(options));
  }
}
