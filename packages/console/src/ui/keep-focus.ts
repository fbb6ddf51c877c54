/**
 * Keeps the place of who works by keyboard or ear: when what has the focus is taken out of the page, browsers begin
 * anew at its top; here the focus goes to what was around it.
 */

const AROUND =
  "[role=group], [role=grid], table, form, dialog, section[aria-label], section[aria-labelledby], main";

/** @returns ends the keeping */
export function keepFocus(page: Document): () => void {
  const over = new AbortController();
  const { signal } = over;
  /** what had the focus last, and all around it */
  let path: readonly Element[] = [];
  const onFocus = ({ target }: FocusEvent): void => {
    path = target instanceof Element ? pathOf(target) : [];
  };
  const onBlur = ({ target, relatedTarget }: FocusEvent): void => {
    if (relatedTarget !== null || !(target instanceof Element)) return;
    // Somebody who leaves it for nothing else meant to; one who is taken out a moment later did not leave.
    queueMicrotask(() => {
      if (target.isConnected && path[0] === target) path = [];
    });
  };
  const look = (): void => {
    const [lost] = path;
    if (!lost || lost.isConnected || isElsewhere(page)) return;
    const around = path.find((it) => it.isConnected && it.matches(AROUND));
    path = [];
    focusOn(around && !around.matches("main") ? around : beginningOf(page));
  };
  const changes = new MutationObserver(look);
  changes.observe(page.body, { childList: true, subtree: true });
  page.addEventListener("focusin", onFocus, { signal });
  page.addEventListener("focusout", onBlur, { signal });
  return () => {
    over.abort();
    changes.disconnect();
  };
}

function beginningOf(page: Document): Element | null {
  return page.querySelector("main h1") ?? page.querySelector("main");
}

function isElsewhere({ activeElement, body }: Document): boolean {
  return activeElement !== null && activeElement !== body;
}

function pathOf(element: Element): readonly Element[] {
  const path: Element[] = [];
  for (let it: Element | null = element; it; it = it.parentElement) path.push(it);
  return path;
}

/** No stop of the Tab key before, and none any more when it is left. */
function focusOn(element: Element | null): void {
  if (!(element instanceof HTMLElement)) return;
  if (!element.hasAttribute("tabindex")) {
    element.tabIndex = -1;
    element.addEventListener("blur", () => element.removeAttribute("tabindex"), { once: true });
  }
  element.focus({ preventScroll: true });
}
