/** What is typed into one field for several words, such as tags: separated by spaces or commas, each once. */
export function wordsIn(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).filter((word) => word !== ""))];
}
