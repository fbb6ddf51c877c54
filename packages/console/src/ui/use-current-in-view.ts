/** Keeps the link of what is shown in view, in a row of links that scrolls sideways where there is little room. */

import { type RefObject, useEffect, useRef } from "react";

/** @param current changes whenever another link is the current one; between changes people may scroll as they like */
export function useCurrentInView(current: string): RefObject<HTMLElement | null> {
  const row = useRef<HTMLElement>(null);
  const shown = useRef<string>(undefined);
  useEffect(() => {
    const link = row.current?.querySelector<HTMLElement>("[aria-current=page]");
    if (!row.current || !link || shown.current === current) return;
    shown.current = current;
    const { offsetLeft, offsetWidth } = link;
    // Not scrollIntoView: that would move the page, too.
    row.current.scrollLeft =
      offsetLeft - row.current.offsetLeft - (row.current.clientWidth - offsetWidth) / 2;
  }, [current]);
  return row;
}
