/** What a VM writes on its serial console, as it is written. */

import { urlPath } from "./query.ts";
import type { Wire } from "./wire.ts";

/**
 * Resolves when the host has answered. Leaving the loop, or an abort, ends the following; it ends by itself when the VM is
 * deleted.
 * @param tailBytes begin with the newest so many bytes of what is kept
 */
export async function followConsole<B extends Uint8Array>(
  wire: Wire<B>,
  hostname: string,
  tailBytes: number,
  signal: AbortSignal,
): Promise<AsyncGenerator<B>> {
  const path = urlPath`/v1/vms/${hostname}/console`;
  const query = { tail_bytes: tailBytes };
  const answer = await wire.open({ method: "GET", path, query }, signal);
  async function* content(): AsyncGenerator<B> {
    try {
      yield* answer.chunks();
    } finally {
      answer.close();
    }
  }
  return content();
}
