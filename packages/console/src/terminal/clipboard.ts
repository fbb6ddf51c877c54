/** The clipboard, as far as the browser lets us: it is only asked after somebody selected or pressed something. */

import { toast } from "../ui/toast.ts";

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    toast("The browser does not let this page copy: use its own menu");
  }
}
