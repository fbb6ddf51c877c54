/**
 * Tells the other tabs of this browser that the session is another: they ask the daemon for it. What is stored says
 * when, and nothing of the session.
 */

const KEY = "alcove.session-changed-at";

export function tellOtherTabs(): void {
  localStorage.setItem(KEY, String(Date.now()));
}

/** @returns ends it */
export function hearOtherTabs(onChange: () => void): () => void {
  // The tab that stores it is not told.
  const onStorage = ({ key }: StorageEvent): void => {
    if (key === KEY) onChange();
  };
  addEventListener("storage", onStorage);
  return () => removeEventListener("storage", onStorage);
}
