/** The title that a program gives its terminal, as far as it may be shown: a line of text, and short. */

const MAX_CHARS = 32;

/** @returns `undefined` where nothing is left */
export function titleOf(text: string): string | undefined {
  const plain = text
    .normalize("NFC")
    .replace(/[\p{C}\p{Zl}\p{Zp}\p{Variation_Selector}]/gu, "")
    .replace(/\s+/g, " ")
    .trim();
  if (plain === "") return undefined;
  const characters = Array.from(plain);
  return characters.length > MAX_CHARS ? `${characters.slice(0, MAX_CHARS - 1).join("")}…` : plain;
}
