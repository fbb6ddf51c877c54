/** Uploads that say how far they are, which `fetch` cannot. The bytes go from the disk, not through memory. */

import { AlcoveApiError } from "../api-error.ts";
import { AlcoveConnectionError } from "../errors.ts";

export interface UploadRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Blob;
  /** how many bytes have left, whenever that has changed */
  readonly onBytes: (sent: number) => void;
}

/** What is used of a browser's own: the SDK is compiled against the library of Node, which has none. */
interface Exchange extends EventTarget {
  readonly status: number;
  readonly responseText: string;
  readonly upload: EventTarget;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  send(body: Blob): void;
  abort(): void;
}
declare const XMLHttpRequest: new () => Exchange;

/**
 * Sends it with POST; resolves when the host has taken all of it.
 * @throws AlcoveApiError, AlcoveConnectionError; the signal's reason after an abort, which leaves nothing behind
 */
export async function sendWithProgress(request: UploadRequest, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { url, headers, content, onBytes } = request;
  const exchange = new XMLHttpRequest();
  const onAbort = (): void => exchange.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      exchange.upload.addEventListener("progress", (event) => onBytes(sentBy(event)));
      exchange.addEventListener("load", () => {
        const { status, responseText } = exchange;
        if (status >= 200 && status < 300) resolve();
        else reject(AlcoveApiError.fromBody(status, responseText));
      });
      const { origin } = new URL(url);
      exchange.addEventListener("error", () =>
        reject(new AlcoveConnectionError(`The connection was lost (${origin})`, origin)),
      );
      exchange.addEventListener("abort", () => reject(signal.reason));
      exchange.open("POST", url);
      for (const [name, value] of Object.entries(headers)) exchange.setRequestHeader(name, value);
      exchange.send(content);
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function sentBy(event: Event): number {
  return "loaded" in event && typeof event.loaded === "number" ? event.loaded : 0;
}
