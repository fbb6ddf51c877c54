/** Who works in a list of files by keyboard goes on in the list of the next directory, once that is there. */

import { type RefObject, useLayoutEffect } from "react";

/** after this long somebody is elsewhere with their thoughts, in ms */
const SOON_MS = 10_000;

/** when a list went that had the focus, on the page's clock */
let wentAt = -Infinity;

export function useGoingOn(list: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = list.current;
    if (performance.now() - wentAt < SOON_MS) element?.focus({ preventScroll: true });
    wentAt = -Infinity;
    return () => {
      if (element?.contains(document.activeElement)) wentAt = performance.now();
    };
  }, [list]);
}
