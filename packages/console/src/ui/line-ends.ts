/** Ends of lines at the end of a text. */

/**
 * @returns the text without them. By hand: the expression `/[\r\n]+$/` looks at every run of line ends again from each of
 * its characters, which takes minutes where somebody pastes very many.
 */
export function withoutLastLineEnds(text: string): string {
  let end = text.length;
  while (end > 0 && "\r\n".includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
