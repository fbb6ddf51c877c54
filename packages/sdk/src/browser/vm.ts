/** A VM as browsers know it: with files that come from the user's disk and go there. */

import { type CallOptions, signalOf } from "../client/call.ts";
import { Vm as AnyVm, type VmFacts } from "../client/vm.ts";
import { type CopyInOptions, copyInHeaders, copyInQuery } from "../copy.ts";
import type { HostApi } from "../host-api.ts";
import { urlPath } from "../query.ts";
import type { FetchWire } from "./fetch-wire.ts";

export interface UploadOptions extends CallOptions {
  /** how many bytes have left this machine, whenever that has changed */
  readonly onBytes?: (sent: number) => void;
}

export class Vm extends AnyVm {
  readonly #wire: FetchWire;

  constructor(api: HostApi, facts: VmFacts, wire: FetchWire) {
    super(api, facts);
    this.#wire = wire;
  }

  /**
   * One file (or a tar) into the guest, as `copyIn` does it, straight from the user's disk. It is complete or leaves no trace.
   * @param content such as the `File` of an input or a drop
   */
  async upload(target: CopyInOptions, content: Blob, options: UploadOptions = {}): Promise<void> {
    const { onBytes = () => undefined } = options;
    const request = {
      method: "POST",
      path: urlPath`/vm/${this.hostname}/cp`,
      query: copyInQuery(target),
      headers: copyInHeaders(target),
    } as const;
    await this.#wire.upload(request, content, onBytes, signalOf(options));
  }

  /**
   * Where a file's bytes are (`binary`), or a directory as a tar: for a link with `download`, so that the browser writes
   * them to the disk as they come. It asks with its cookie; a client's token is not in it.
   */
  downloadUrl(path: string, mode: "binary" | "tar"): string {
    return this.#wire.urlOf({
      method: "GET",
      path: urlPath`/vm/${this.hostname}/cp`,
      query: { path, mode },
    });
  }
}
