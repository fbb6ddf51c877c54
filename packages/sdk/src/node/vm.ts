/** A VM, for programs that run in Node: with ports and sockets of the guest on this machine. */

import type { Duplex } from "node:stream";

import { type CallOptions, signalOf } from "../client/call.ts";
import { Vm, type VmFacts } from "../client/vm.ts";
import { parseForwardSpec } from "../forward-spec.ts";
import type { HostApi } from "../host-api.ts";
import { Forward, dial } from "./forward.ts";
import type { HttpWire } from "./http-wire.ts";

export interface ForwardRequest extends CallOptions {
  /** told of each connection that could not be made or broke */
  readonly onError?: (error: Error, upstream: string) => void;
}

export class NodeVm extends Vm<Buffer> {
  readonly #wire: HttpWire;

  constructor(wire: HttpWire, api: HostApi<Buffer>, facts: VmFacts) {
    super(api, facts);
    this.#wire = wire;
  }

  /**
   * Listens here and dials in the guest, for each connection anew.
   * @param specs `[[host:]port:]host:port`, `[host:]port:/socket`, `/socket:/socket`; port 0 is any
   * @throws AlcoveInputError for a spec that is none, or an address that cannot be listened on
   */
  async forward(
    specs: string | readonly string[],
    { onError, ...options }: ForwardRequest = {},
  ): Promise<Forward> {
    const list = typeof specs === "string" ? [specs] : specs;
    const what = { hostname: this.hostname, specs: list.map(parseForwardSpec) };
    const request = { ...what, ...(onError === undefined ? {} : { onError }) };
    return await Forward.open(this.#wire, request, signalOf(options));
  }

  /** One raw connection. @param upstream `host:port` or the path of a socket, in the guest */
  async connect(upstream: string, options: CallOptions = {}): Promise<Duplex> {
    return await dial(this.#wire, this.hostname, upstream, signalOf(options));
  }
}
