/** The notes that are shown now. */

import { visible } from "./visible.ts";

export interface Toast {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 6_000;
/** more at once push the oldest out */
const MOST = 4;

let now: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

/** @param text a sentence about what was done: "sbox-3 is deleted" */
export function toast(text: string): void {
  lastId += 1;
  const id = lastId;
  set([...now, { id, text: visible(text) }].slice(-MOST));
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  set(now.filter((it) => it.id !== id));
}

export function toasts(): readonly Toast[] {
  return now;
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(next: readonly Toast[]): void {
  now = next;
  for (const listener of listeners) listener();
}
