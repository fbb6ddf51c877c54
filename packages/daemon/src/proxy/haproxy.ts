/** HAProxy in front of the VMs' domains: what it is told, and what it says. */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { DomainNames } from "#core/aleph/ports/domain-names.ts";
import type { HaproxySettings } from "#core/aleph/settings.ts";
import type { Log } from "#core/ports/log.ts";

export interface HaproxyDeps {
  readonly settings: HaproxySettings;
  /** the name of the node itself: its own requests do not go to a VM */
  readonly domainName: string;
  readonly domains: DomainNames;
  /** bare address at which a VM that runs here is reached from this host; `undefined` for one that does not */
  readonly addressOf: (vmHash: ItemHash) => string | undefined;
  /** directory of our own for configuration and maps */
  readonly directory: string;
  /** where requests go that are for no VM */
  readonly node: { readonly address: string; readonly port: number };
  readonly log: Log;
}

export interface HaproxyView {
  /** by backend, what leads where */
  readonly mappings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** HAProxy's own figures, a row for each front end, back end and server */
  readonly stats: readonly Readonly<Record<string, string>>[];
}

export class Haproxy implements AsyncDisposable {
  readonly #deps: HaproxyDeps;

  /** Starts HAProxy, or takes over one that an earlier daemon has started. Harmless when it is not enabled. */
  static async open(deps: HaproxyDeps, signal: AbortSignal): Promise<Haproxy> {
    signal.throwIfAborted();
    return new Haproxy(deps);
  }

  private constructor(deps: HaproxyDeps) {
    this.#deps = deps;
  }

  /** Tells HAProxy which domains lead to VMs now; only what has changed. Never rejects but for an abort. */
  async resync(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  /** Writes everything anew, whether or not it has changed. @throws Error when HAProxy does not take it */
  async regenerate(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  /** @returns `undefined` where there is no HAProxy to ask */
  async debug(signal: AbortSignal): Promise<HaproxyView | undefined> {
    signal.throwIfAborted();
    throw new Error(`not made yet: ${this.#deps.settings.socket}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
