/** Hands the browser something to write to the disk. */

import { savedName } from "./visible.ts";

/** the address of a text is given back after so long: the browser has read it by then */
const READ_WITHIN_MS = 60_000;

/** @param url of our own origin; the browser writes it as it comes, without going through the page */
export function saveLink(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = savedName(name);
  link.click();
}

export function saveText(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  saveLink(url, name);
  setTimeout(() => URL.revokeObjectURL(url), READ_WITHIN_MS);
}
