/** Keys that are the page's while a terminal has the focus; all others are the terminal's. */

export type KeyCommand = "copy" | "paste" | "search" | "leave";

/** with Ctrl and Shift */
const COMMANDS: ReadonlyMap<string, KeyCommand> = new Map([
  ["KeyC", "copy"],
  ["KeyV", "paste"],
  ["KeyF", "search"],
  ["KeyL", "leave"],
]);

type Pressed = Pick<KeyboardEvent, "code" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;

export function commandOf(event: Pressed): KeyCommand | undefined {
  const { ctrlKey, shiftKey, altKey, metaKey, code } = event;
  return ctrlKey && shiftKey && !altKey && !metaKey ? COMMANDS.get(code) : undefined;
}
