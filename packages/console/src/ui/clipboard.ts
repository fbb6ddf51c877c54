/**
 * The clipboard, also where the browser has none for us: on a page of plain http that is not this machine's own, the old
 * way still works while somebody presses a button. What is read from it never is: pasting is the browser's.
 */

import { toast } from "./toast.ts";

/** Says so where it cannot. @returns whether the text is on the clipboard now */
export async function copyText(text: string): Promise<boolean> {
  const isCopied = await copied(text);
  if (!isCopied)
    toast("The browser does not let this page copy: select the text and use its own menu");
  return isCopied;
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

function copiedBySelection(text: string): boolean {
  const before = document.activeElement;
  const holder = document.createElement("textarea");
  holder.value = text;
  holder.className = "unseen";
  // Inside an open dialog, as nothing outside of it can be selected.
  (before?.closest("dialog") ?? document.body).append(holder);
  holder.select();
  const isCopied = document.execCommand("copy");
  holder.remove();
  if (before instanceof HTMLElement) before.focus();
  return isCopied;
}
