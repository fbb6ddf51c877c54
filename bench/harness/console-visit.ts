/** What a bench does in the list of VMs, by hand and eye of a browser. */

import type { Visit } from "../../e2e/harness/browser-visit.ts";
import { timed } from "./stopwatch.ts";

/** the list itself is not of the console */
const LIST = "/v1/vms";
/** events are told and drawn within this, in `ms` */
const SETTLED_MS = 1_500;
/** for the list, on a machine that has much else to do, in `ms` */
const PATIENCE_MS = 60_000;
/** of one scroll, in `ms` */
const SCROLL_MS = 2_000;
const DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";

/** Scrolls through the list. The number of pictures that were drawn meanwhile. */
const SCROLL = `(async () => {
  const list = document.querySelector("[role=grid]");
  const all = [list, ...list.querySelectorAll("*")];
  for (let it = list.parentElement; it; it = it.parentElement) all.push(it);
  const scroller = all.find((it) => it.scrollHeight > it.clientHeight + 1000 &&
    (it === document.documentElement || /auto|scroll/.test(getComputedStyle(it).overflowY)));
  let pictures = 0;
  for (const end = performance.now() + ${SCROLL_MS}; performance.now() < end; pictures += 1) {
    scroller.scrollTop = (scroller.scrollTop + 400) % scroller.scrollHeight;
    await new Promise(requestAnimationFrame);
  }
  scroller.scrollTop = 0;
  return pictures;
})()`;

export interface Opened {
  /** until rows were there */
  readonly ms: number;
  /** that came over the wire for it, without the list itself */
  readonly bytes: number;
}

export class ConsoleVisit {
  readonly #visit: Visit;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  /** Without a page, so that nothing of the console is in the browser's cache. */
  async signIn(token: string): Promise<void> {
    const { context, origin } = this.#visit;
    const answer = await context.request.post(`${origin}/v1/session`, {
      data: { token },
      headers: { origin },
    });
    if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
  }

  async opened(): Promise<Opened> {
    const { context, page } = this.#visit;
    const developer = await context.newCDPSession(page);
    const lists = new Set<string>();
    let bytes = 0;
    developer.on("Network.requestWillBeSent", ({ request, requestId }) => {
      if (new URL(request.url).pathname === LIST) lists.add(requestId);
    });
    developer.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      if (!lists.has(requestId)) bytes += encodedDataLength;
    });
    await developer.send("Network.enable");
    const ms = await timed(async () => {
      await this.#visit.open("/vms");
      await page
        .getByRole("grid", { name: "VMs" })
        .getByRole("row")
        .nth(5)
        .waitFor({ timeout: PATIENCE_MS });
    });
    await developer.detach();
    return { ms, bytes };
  }

  /** Resolves when what happened is on the screen. */
  async settled(): Promise<void> {
    await this.#visit.page.waitForTimeout(SETTLED_MS);
  }

  /** @returns how many keys it were */
  async typed(text: string): Promise<number> {
    const { page } = this.#visit;
    await page.getByRole("searchbox").focus();
    for (const key of text) {
      await page.keyboard.press(key);
      await this.#visit.evaluate(DRAWN);
    }
    return text.length;
  }

  async cleared(): Promise<void> {
    await this.#visit.page.getByRole("searchbox").fill("");
    await this.#visit.evaluate(DRAWN);
  }

  /** @returns how many pictures were drawn */
  async scrolled(): Promise<number> {
    return Number(await this.#visit.evaluate(SCROLL));
  }

  async heapBytes(): Promise<number> {
    return Number(await this.#visit.evaluate("performance.memory.usedJSHeapSize"));
  }
}
