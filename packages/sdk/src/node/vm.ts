/** A VM, for programs that run in Node: with what this machine has and a browser has not, ports and files. */

import type { Duplex } from "node:stream";

import { type CallOptions, signalOf } from "../client/call.ts";
import { Vm, type VmFacts } from "../client/vm.ts";
import { parseForwardSpec } from "../forward-spec.ts";
import type { HostApi } from "../host-api.ts";
import { Forward, dial } from "./forward.ts";
import { download } from "./download.ts";
import type { HttpWire } from "./http-wire.ts";
import type { LocalCopyOptions } from "./local-copy.ts";
import { upload } from "./upload.ts";

export interface ForwardRequest extends CallOptions {
  /** told of each connection that could not be made or broke */
  readonly onError?: (error: Error, upstream: string) => void;
}

export class NodeVm extends Vm<Buffer> {
  readonly #api: HostApi<Buffer>;
  readonly #wire: HttpWire;

  constructor(wire: HttpWire, api: HostApi<Buffer>, facts: VmFacts) {
    super(api, facts);
    this.#api = api;
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

  /** A local file or directory, into the guest, as `cp -r` does it. Links and special files are left out. */
  async upload(
    local: string,
    guest: string,
    options: LocalCopyOptions & CallOptions = {},
  ): Promise<void> {
    const ends = { hostname: this.hostname, local, guest };
    await upload(this.#api, ends, options, signalOf(options));
  }

  /** A file or directory of the guest, to a local path, as `cp -r` does it. */
  async download(
    guest: string,
    local: string,
    options: LocalCopyOptions & CallOptions = {},
  ): Promise<void> {
    const ends = { hostname: this.hostname, local, guest };
    await download(this.#api, ends, options, signalOf(options));
  }

  /** One raw connection. @param upstream `host:port` or the path of a socket, in the guest */
  async connect(upstream: string, options: CallOptions = {}): Promise<Duplex> {
    return await dial(this.#wire, this.hostname, upstream, signalOf(options));
  }
}
