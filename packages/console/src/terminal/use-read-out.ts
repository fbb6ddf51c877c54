/** Whether terminals tell screen readers what they show: it costs speed, so it is chosen, and remembered. */

import { useState } from "react";

const KEY = "alcove.terminal.read-out";

export function useReadOut(): readonly [boolean, (isReadOut: boolean) => void] {
  const [isReadOut, set] = useState(() => localStorage.getItem(KEY) === "yes");
  const choose = (wanted: boolean): void => {
    if (wanted) localStorage.setItem(KEY, "yes");
    else localStorage.removeItem(KEY);
    set(wanted);
  };
  return [isReadOut, choose];
}
