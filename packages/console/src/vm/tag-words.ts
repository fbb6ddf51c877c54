/** Tags as they are typed. */

/** Separated by spaces or commas, each once. */
export function tagsIn(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,]+/).filter((tag) => tag !== ""))];
}
