/**
 * The SDK for browsers: the same client, over `fetch` and `WebSocket`. Without ports of the guest on
 * this machine, local files and Unix sockets, which a browser does not have.
 */

import "../dispose-symbols.ts"; // first: classes need them

import { Client } from "../client/client.ts";
import { Vm } from "../client/vm.ts";
import { FetchWire, type FetchWireOptions } from "./fetch-wire.ts";

export class AlcoveClient extends Client<Uint8Array, Vm> {
  /** @throws AlcoveInputError for a URL that is none */
  constructor(address: FetchWireOptions) {
    super(new FetchWire(address), (api, facts) => new Vm(api, facts));
  }
}

export { AlcoveClient as SlicerClient };
export { Vm, Vm as VM } from "../client/vm.ts";
export * from "../everywhere.ts";
