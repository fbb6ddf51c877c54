/** Shortcuts of a key without Ctrl: when such a press is one, and whether this browser has any. */

const KEY = "alcove.shortcuts";
const OFF = "off";

/** Not while somebody types, chooses or is asked something. */
export function isLetterKey({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey || !areLettersOn()) return false;
  if (document.querySelector("dialog[open]")) return false;
  if (!(target instanceof HTMLElement)) return true;
  return !target.isContentEditable && !/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Whether keys without Ctrl are shortcuts in this browser. */
export function areLettersOn(): boolean {
  return localStorage.getItem(KEY) !== OFF;
}

export function setLettersOn(areOn: boolean): void {
  if (areOn) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, OFF);
}
