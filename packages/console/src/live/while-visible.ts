/**
 * What lasts only as long as the tab can be seen. A browser has six connections to a host for all its tabs together:
 * were those of tabs that nobody looks at kept, the next tab could not be loaded.
 */

/** a tab that is left for a moment keeps what it has, in ms */
const HIDDEN_MS = 10_000;

export interface Lasting {
  /** harmless when it is open */
  readonly open: () => void;
  /** harmless when it is closed */
  readonly close: () => void;
}

/** Opens it while the tab can be seen. @returns what ends that */
export function whileVisible(connection: Lasting): () => void {
  let leaving: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(leaving);
    if (document.visibilityState === "visible") connection.open();
    else leaving = setTimeout(() => connection.close(), HIDDEN_MS);
  };
  const again = (): void => {
    connection.close();
    look();
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", again);
  look();
  return () => {
    clearTimeout(leaving);
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("online", again);
    connection.close();
  };
}
