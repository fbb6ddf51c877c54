/** How high a row of the list is: one line where there is room for columns, two where there is not. */

import { useSyncExternalStore } from "react";

const NARROW = "(max-width: 60rem)";
/** in rem, as in vm-table.css */
const ONE_LINE = 2.375;
const TWO_LINES = 3.75;
/** px */
const BORDER = 1;

export interface RowLook {
  /** in px, the user's size of text included */
  readonly height: number;
  /** of the names of the columns, which are always one line */
  readonly headHeight: number;
}

export function useRowLook(): RowLook {
  const isNarrow = useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return { height: (isNarrow ? TWO_LINES : ONE_LINE) * rem, headHeight: ONE_LINE * rem + BORDER };
}

function subscribe(listener: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}
