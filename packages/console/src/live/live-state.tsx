/** Whether the page hears of changes as they happen. */

export function LiveState() {
  return null;
}
