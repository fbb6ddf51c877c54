/** Text from outside, made safe to show. */

// C0 and C1 controls except newline and tab: what could move a cursor or end a line in a terminal or header.
// eslint-disable-next-line no-control-regex -- matching control characters is the purpose
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Control characters removed, length bounded; what remains may be printed. */
export function printable(text: string, maxLength: number): string {
  const clean = text.slice(0, maxLength * 2).replace(CONTROLS, "");
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean;
}
