/** Which rows of a long list can be seen. All are equally high, so that nothing has to be measured. */

import { type RefObject, useEffect, useState } from "react";

/** rows beyond either edge that are there already when they are scrolled to */
const AHEAD = 12;

export interface Rows {
  /** the first that is there, and the one behind the last */
  readonly first: number;
  readonly end: number;
  /** rows that can be seen at a time */
  readonly page: number;
  /** scrolls as little as is needed */
  readonly show: (index: number) => void;
}

export interface RowsLook {
  readonly count: number;
  /** of a row, in px */
  readonly height: number;
  /** of what stays above the rows while they are scrolled, in px */
  readonly headHeight: number;
}

interface View {
  /** the row at the upper edge */
  readonly at: number;
  readonly page: number;
}

export function useRows(frame: RefObject<HTMLElement | null>, look: RowsLook): Rows {
  const { count, height, headHeight } = look;
  const [{ at, page }, setView] = useState<View>({ at: 0, page: 1 });
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const see = (): void => {
      const room = element.clientHeight - headHeight;
      const seen = { at: Math.floor(element.scrollTop / height), page: Math.ceil(room / height) };
      setView((before) => (before.at === seen.at && before.page === seen.page ? before : seen));
    };
    const size = new ResizeObserver(see);
    size.observe(element);
    element.addEventListener("scroll", see, { passive: true });
    see();
    return () => {
      size.disconnect();
      element.removeEventListener("scroll", see);
    };
  }, [frame, height, headHeight]);
  const show = (index: number): void => {
    const element = frame.current;
    if (!element) return;
    const top = index * height;
    const bottom = top + height - (element.clientHeight - headHeight);
    if (top < element.scrollTop) element.scrollTo({ top });
    else if (bottom > element.scrollTop) element.scrollTo({ top: bottom });
  };
  return { ...rangeOf({ at, page }, count), page, show };
}

/** A list that has become shorter is scrolled back a moment later: until then its end is what is there. */
export function rangeOf({ at, page }: View, count: number): Pick<Rows, "first" | "end"> {
  const end = Math.min(count, at + page + AHEAD);
  return { first: Math.max(0, Math.min(at, count - page) - AHEAD), end };
}
