/** Terminals that outlive who works at them: an Alcove host's addition, below `/v1`. */

import { ask, askJson, jsonRequest } from "./answer-text.ts";
import type { NewTerminal, Terminal, TerminalRequest } from "./terminal-shapes.ts";
import { TerminalSession } from "./terminal-session.ts";
import { urlPath } from "./query.ts";
import { asResource, asResources, type Resource, resource } from "./resource.ts";
import type { Wire } from "./wire.ts";

const NEW_TERMINAL: Resource<NewTerminal> = resource<NewTerminal>("new terminal", {
  id: "string",
  created_at: "string",
});

const TERMINAL: Resource<Terminal> = resource<Terminal>("terminal", {
  id: "string",
  created_at: "string",
  command: "string",
  uid: "number",
  exited: "boolean",
  exit_code: "number?",
});

export class TerminalsApi<B extends Uint8Array> {
  readonly #wire: Wire<B>;

  constructor(wire: Wire<B>) {
    this.#wire = wire;
  }

  async open(hostname: string, wanted: TerminalRequest, signal: AbortSignal): Promise<NewTerminal> {
    const request = jsonRequest("POST", urlPath`/v1/vms/${hostname}/terminals`, wanted);
    return asResource(await askJson(this.#wire, request, signal), NEW_TERMINAL);
  }

  async list(hostname: string, signal: AbortSignal): Promise<readonly Terminal[]> {
    const path = urlPath`/v1/vms/${hostname}/terminals`;
    return asResources(await askJson(this.#wire, { method: "GET", path }, signal), TERMINAL);
  }

  async delete(hostname: string, id: string, signal: AbortSignal): Promise<void> {
    const path = urlPath`/v1/vms/${hostname}/terminals/${id}`;
    await ask(this.#wire, { method: "DELETE", path }, signal);
  }

  async attach(hostname: string, id: string, signal: AbortSignal): Promise<TerminalSession<B>> {
    const path = urlPath`/v1/vms/${hostname}/terminals/${id}/attach`;
    return await TerminalSession.open(this.#wire, path, signal);
  }
}
