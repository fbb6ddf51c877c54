/** Light or dark: the system's choice unless this browser was told otherwise. */

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

/** sent to the document: what draws on a canvas or in a terminal asks for its colours again */
export const THEME_CHANGED = "alcove:theme";

/** A colour token's value now, such as `--accent`. */
export function token(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
