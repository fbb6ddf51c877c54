/** Colours and sizes of `tokens.css`, for what draws by itself. */

/** sent to the document: what draws on a canvas or in a terminal asks for its colours again */
export const THEME_CHANGED = "alcove:theme";

/** A token's value now, such as that of `--accent`. */
export function token(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
