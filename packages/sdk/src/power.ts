/** A VM's power: stopping its CPUs, putting it on disk, its end and its start again. */

import { ask, askJson } from "./answer-text.ts";
import { type Query, urlPath } from "./query.ts";
import { asResource } from "./resource.ts";
import { CREATED_VM, type CreatedVm } from "./resources.ts";
import type { Wire } from "./wire.ts";

export interface RestoreOptions {
  /** answer only when the agent answers; default: when the restore has begun */
  readonly wait?: "agent";
  /** how long to wait for that; default: the host's */
  readonly timeoutMs?: number;
}

export class PowerApi {
  readonly #wire: Wire<Uint8Array>;

  constructor(wire: Wire<Uint8Array>) {
    this.#wire = wire;
  }

  async pause(hostname: string, signal: AbortSignal): Promise<void> {
    await this.#post(urlPath`/vm/${hostname}/pause`, {}, signal);
  }

  async resume(hostname: string, signal: AbortSignal): Promise<void> {
    await this.#post(urlPath`/vm/${hostname}/resume`, {}, signal);
  }

  /** Resolves when the guest was asked, not when it is down. */
  async shutdown(
    hostname: string,
    action: "shutdown" | "reboot",
    signal: AbortSignal,
  ): Promise<void> {
    await this.#post(urlPath`/vm/${hostname}/shutdown`, { action }, signal);
  }

  /** Writes memory and devices to disk and ends the machine; its memory is the host's again. */
  async suspend(hostname: string, signal: AbortSignal): Promise<void> {
    await this.#post(urlPath`/vm/${hostname}/suspend`, {}, signal);
  }

  async restore(
    hostname: string,
    { wait, timeoutMs }: RestoreOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const timeout = timeoutMs === undefined ? undefined : `${timeoutMs}ms`;
    await this.#post(urlPath`/vm/${hostname}/restore`, { wait, timeout }, signal);
  }

  /** Boots a persistent VM that has stopped; answers as a create does. */
  async relaunch(hostname: string, signal: AbortSignal): Promise<CreatedVm> {
    const path = urlPath`/vm/${hostname}/relaunch`;
    return asResource(await askJson(this.#wire, { method: "POST", path }, signal), CREATED_VM);
  }

  async #post(path: string, query: Query, signal: AbortSignal): Promise<void> {
    await ask(this.#wire, { method: "POST", path, query }, signal);
  }
}
