/** What the console costs on the wire, and which files it consists of. */

import type { Api } from "./api.ts";
import type { Visit } from "./browser-visit.ts";
import { until } from "./until.ts";

/** without an end of anything: then all is there */
const QUIET_MS = 500;

export interface Sent {
  /** of all bodies and headers, as they were encoded */
  readonly bytes: number;
  /** `<path> <bytes> <encoding, or "as is">`, in the order of their ends */
  readonly list: readonly string[];
}

/** Counts what is sent to a visit during `work`, and until nothing has ended for a while: streams of events never do. */
export async function sentBytes(visit: Visit, work: () => Promise<void>): Promise<Sent> {
  const list: string[] = [];
  const known = new Map<string, string>();
  let bytes = 0;
  const developer = await visit.context.newCDPSession(visit.page);
  developer.on("Network.responseReceived", ({ requestId, response }) => {
    const { pathname } = new URL(response.url);
    const headers = new Map(
      Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    known.set(requestId, `${pathname} ${headers.get("content-encoding") ?? "as is"}`);
  });
  developer.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes += encodedDataLength;
    list.push(`${known.get(requestId) ?? requestId} ${encodedDataLength}`);
  });
  await developer.send("Network.enable");
  await work();
  await untilQuiet(() => list.length);
  await developer.detach();
  return { bytes, list };
}

async function untilQuiet(count: () => number): Promise<void> {
  const last = { count: 0, at: performance.now() };
  await until("nothing is loaded any more", () => {
    if (count() !== last.count) Object.assign(last, { count: count(), at: performance.now() });
    return performance.now() - last.at > QUIET_MS;
  });
}

/** The first page and every file that is named by it, or by what it names. */
export async function ownFilesOf(api: Api): Promise<readonly string[]> {
  const found = new Set(["/ui/"]);
  for (const file of found) {
    const { text } = await api.get(file, { token: null });
    for (const [, name] of text.matchAll(/["'(./](assets\/[\w.-]+\.(?:js|css)|favicon\.svg)\b/g)) {
      found.add(`/ui/${name}`);
    }
  }
  return [...found];
}
