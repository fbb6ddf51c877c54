/** Light or dark: the system's choice unless this browser was told otherwise. */

import { THEME_CHANGED } from "../ui/tokens.ts";

export { THEME_CHANGED, token } from "../ui/tokens.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "alcove.theme";

export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return THEMES.find((it) => it === stored) ?? "system";
}

export function storeTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  applyTheme(theme);
}

/** `tokens.css` has both; without the attribute the system decides. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  document.dispatchEvent(new Event(THEME_CHANGED));
}
