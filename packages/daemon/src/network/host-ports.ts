/** Which ports of this host are free, and its address, as it is now. */

import type { HostPorts as HostPortsPort } from "#core/aleph/ports/host-ports.ts";

export interface HostPortsSettings {
  /** bare IPv4 that the operator says is the host's; `undefined` asks the devices */
  readonly hostIpv4: string | undefined;
  /** device that leads to the world; `undefined` is that of the default route */
  readonly externalInterface: string | undefined;
}

export class HostPorts implements HostPortsPort {
  readonly #settings: HostPortsSettings;

  constructor(settings: HostPortsSettings) {
    this.#settings = settings;
  }

  async isFree(port: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    throw new Error(`Whether port ${port} is free cannot be told yet`);
  }

  address(): string {
    return this.#settings.hostIpv4 ?? "127.0.0.1";
  }
}
