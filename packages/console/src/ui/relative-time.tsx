/** "5 min ago", kept current, with the exact time as a tooltip. All of a page share one clock. */

import { useSyncExternalStore } from "react";

import { age } from "./figures.ts";

const TICK_MS = 5_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

export interface RelativeTimeProps {
  /** RFC 3339 */
  readonly at: string;
  /** the age alone, without "ago" */
  readonly bare?: boolean;
  /** the exact time, too, where there is room: a tooltip takes a pointer */
  readonly exact?: boolean;
}

export function RelativeTime({ at, bare = false, exact = false }: RelativeTimeProps) {
  const current = useSyncExternalStore(subscribe, () => now);
  const seconds = (Math.max(current, now) - Date.parse(at)) / 1_000;
  const text = age(seconds);
  const time = new Date(at).toLocaleString();
  return (
    <time dateTime={at} title={exact ? undefined : time} className="number">
      {bare ? text : `${text} ago`}
      {exact && `, ${time}`}
    </time>
  );
}
