/** Text of a guest as it is safe to read: what would be invisible, or turn what is around it, is written out. */

const LONGEST = 512;
/**
 * Controls, marks that change the direction of what follows, what has no width, other separators of lines, and halves of
 * characters.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Variation_Selector}\u{a0}\u{115f}\u{1160}\u{2000}-\u{200a}\u{3164}\u{ffa0}]/gu;

/** @returns one line without surprises, cut at 512 characters: `a\n` is shown as `a⟨0A⟩` */
export function visible(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return cut.replace(HIDDEN, writtenOut);
}

/** As `visible`, of any length and with its lines and tabs: for sentences and documents that hold words of a guest. */
export function legible(text: string): string {
  return text.replace(HIDDEN, (character) =>
    character === "\n" || character === "\t" ? character : writtenOut(character),
  );
}

function writtenOut(character: string): string {
  const number = character.codePointAt(0) ?? 0;
  return `⟨${number.toString(16).toUpperCase().padStart(2, "0")}⟩`;
}

/** As the name of a file that a browser saves. */
export function savedName(name: string): string {
  const plain = name.replace(HIDDEN, "_").replace(/[/\\:*?"<>|]/g, "_");
  const trimmed = plain.slice(-200).replace(/^[.\s]+/, "");
  return trimmed === "" ? "file" : trimmed;
}
