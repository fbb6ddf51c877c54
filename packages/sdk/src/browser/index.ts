/**
 * The SDK for browsers: the same client, over `fetch` and `WebSocket`. Without ports of the guest on
 * this machine, local files and Unix sockets, which a browser does not have.
 */

import "../dispose-symbols.ts"; // first: classes need them

import { Client } from "../client/client.ts";
import { type FetchWireOptions, FetchWire } from "./fetch-wire.ts";
import { Vm } from "./vm.ts";

export class AlcoveClient extends Client<Uint8Array, Vm> {
  /** @throws AlcoveInputError for a URL that is none */
  constructor(address: FetchWireOptions) {
    const wire = new FetchWire(address);
    super(wire, (api, facts) => new Vm(api, facts, wire));
  }
}

export { AlcoveClient as SlicerClient };
export { type UploadOptions, Vm, Vm as VM } from "./vm.ts";
export * from "../everywhere.ts";
