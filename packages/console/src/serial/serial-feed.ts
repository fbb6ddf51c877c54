/**
 * The serial console of one VM as it is written, into lines: what is kept first. Goes on by itself when the connection is
 * lost: everything is then read again, for it is not known what was missed.
 */

import { AlcoveApiError, AlcoveConnectionError } from "@alcove/sdk/browser/index.ts";

import { pause } from "../app/pause.ts";
import { asError } from "../ui/as-error.ts";
import type { TextLines } from "../ui/text-lines.ts";

/** of what the host keeps, which is at most 8 MiB */
const TAIL_BYTES = 2 * 1024 * 1024;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 5_000;

export type FeedState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** and will be asked again */
  | { readonly kind: "lost"; readonly error: Error }
  /** the VM is gone */
  | { readonly kind: "over" }
  /** asking again would not help */
  | { readonly kind: "refused"; readonly error: Error };

/** @returns what the VM writes, begun with the tail of what is kept */
export type OpenConsole = (
  tailBytes: number,
  signal: AbortSignal,
) => Promise<AsyncIterable<Uint8Array>>;

/** Runs until the signal aborts, the VM is gone, or the host refuses. */
export async function feedLines(
  open: OpenConsole,
  lines: TextLines,
  tell: (state: FeedState) => void,
  signal: AbortSignal,
): Promise<void> {
  tell({ kind: "connecting" });
  let wasLive = false;
  for (let retryMs = RETRY_MS; ; retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)) {
    try {
      const live = await open(TAIL_BYTES, signal);
      lines.clear();
      tell({ kind: "live" });
      wasLive = true;
      retryMs = RETRY_MS;
      const decoder = new TextDecoder();
      for await (const bytes of live) lines.write(decoder.decode(bytes, { stream: true }));
      // The VM was deleted, or the daemon stops: asking again tells which.
      tell({ kind: "connecting" });
    } catch (error) {
      if (signal.aborted) return;
      if (wasLive && isGone(error)) return tell({ kind: "over" });
      if (!mayPass(error)) return tell({ kind: "refused", error: asError(error) });
      tell({ kind: "lost", error: asError(error) });
    }
    await pause(retryMs, signal);
    if (signal.aborted) return;
  }
}

/** A VM that has written nothing yet has no log; one that starts will. */
function mayPass(error: unknown): boolean {
  if (error instanceof AlcoveApiError) return error.status >= 500 || error.code === "log_not_found";
  return error instanceof AlcoveConnectionError;
}

function isGone(error: unknown): boolean {
  return error instanceof AlcoveApiError && error.code === "vm_not_found";
}
