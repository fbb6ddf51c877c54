/** Whether this tab hears of changes as they happen: one value for the whole page. */

import type { LiveStatus } from "./live-connection.ts";

const listeners = new Set<() => void>();
let now: LiveStatus = "connecting";

export function liveStatus(): LiveStatus {
  return now;
}

export function setLiveStatus(status: LiveStatus): void {
  now = status;
  for (const listener of listeners) listener();
}

export function onLiveStatus(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
