/** One xterm.js on the page: what it shows, what is typed at it, copied from it and pasted into it. */

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";

import type { TerminalSize } from "@alcove/sdk/browser/index.ts";

import { copyText } from "../ui/clipboard.ts";
import { commandOf } from "./keys.ts";
import { madeLinks, plainLinks } from "./links.ts";
import { styleSpansByObject, withOwnStyles } from "./own-styles.ts";
import { harmless, needsAsking } from "./paste.ts";
import type { Screen } from "./terminal-link.ts";
import {
  FONT_SIZE,
  fontNow,
  lookNow,
  marksNow,
  MIN_CONTRAST,
  SCROLLBACK_LINES,
} from "./terminal-look.ts";
import type { Surroundings } from "./terminal-surroundings.ts";
import { titleOf } from "./title.ts";

/** more than this that is not on the screen yet waits, bytes */
const MAX_PENDING_BYTES = 512 * 1024;

styleSpansByObject();

export class TerminalScreen implements Screen {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #home: HTMLElement;
  readonly #around: Surroundings;
  readonly #over = new AbortController();
  #pendingBytes = 0;

  constructor(home: HTMLElement, around: Surroundings, isReadOut: boolean) {
    this.#home = home;
    this.#around = around;
    this.#terminal = new Terminal({
      fontFamily: fontNow(),
      fontSize: FONT_SIZE,
      theme: lookNow(),
      minimumContrastRatio: MIN_CONTRAST,
      scrollback: SCROLLBACK_LINES,
      cursorBlink: false,
      disableStdin: true,
      linkHandler: madeLinks(around.onAddress),
      screenReaderMode: isReadOut,
      logLevel: "off", // what a guest writes that is no text is no trouble of the page: a binary file makes thousands of reports
      allowProposedApi: true, // for the marks of the search
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    withOwnStyles(() => this.#terminal.open(home));
    this.#listen();
    this.fit();
  }

  get size(): TerminalSize {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows };
  }

  begin(): void {
    this.#terminal.reset();
  }

  async show(bytes: Uint8Array): Promise<void> {
    this.#pendingBytes += bytes.length;
    const shown = new Promise<void>((resolve) =>
      this.#terminal.write(bytes, () => {
        this.#pendingBytes -= bytes.length;
        resolve();
      }),
    );
    if (this.#pendingBytes > MAX_PENDING_BYTES) await shown;
  }

  gap(droppedBytes: number): void {
    const bytes = droppedBytes.toLocaleString("en");
    // The first character ends a sequence that is cut in its middle.
    this.#terminal.write(
      `\u0018\u001b[0m\r\n[${bytes} bytes of output came here and are not kept]\r\n`,
    );
  }

  settled(): Promise<void> {
    return new Promise((resolve) => this.#terminal.write("", resolve));
  }

  setOpen(isOpen: boolean): void {
    this.#terminal.options.disableStdin = !isOpen;
    this.#terminal.options.cursorBlink = isOpen;
  }

  /** Makes it as large as its place; nothing happens while it has none. */
  fit(): void {
    const wanted = this.#home.clientHeight > 0 ? this.#fit.proposeDimensions() : undefined;
    if (wanted && wanted.cols > 1 && wanted.rows > 0) this.#fit.fit();
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Types a text as a whole where the program can take it so. */
  paste(text: string): void {
    this.#terminal.paste(harmless(text));
  }

  find(text: string, direction: "next" | "previous"): void {
    const marks = { decorations: marksNow() };
    if (text === "") {
      this.#search.clearDecorations();
      this.#terminal.clearSelection();
    } else if (direction === "next") this.#search.findNext(text, marks);
    else this.#search.findPrevious(text, marks);
  }

  /** What screen readers say of where one types. @param keysId of what tells of the keys, how to leave among them */
  describe(label: string, keysId: string): void {
    this.#terminal.textarea?.setAttribute("aria-label", label);
    this.#terminal.textarea?.setAttribute("aria-describedby", keysId);
  }

  setReadOut(isReadOut: boolean): void {
    this.#terminal.options.screenReaderMode = isReadOut;
  }

  look(): void {
    this.#terminal.options.theme = lookNow();
    this.#search.clearDecorations(); // their colours are of the other theme
  }

  dispose(): void {
    this.#over.abort();
    this.#terminal.dispose();
  }

  #listen(): void {
    const terminal = this.#terminal;
    const { signal } = this.#over;
    terminal.onData((text) => this.#around.onTyped(text));
    terminal.onResize((size) => this.#around.onSize(size));
    terminal.onTitleChange((title) => this.#around.onTitle(titleOf(title)));
    this.#search.onDidChangeResults(({ resultCount, resultIndex }) =>
      this.#around.onFound(resultCount, resultIndex),
    );
    terminal.registerLinkProvider(plainLinks(terminal, this.#around.onAddress));
    terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    this.#home.addEventListener("paste", (event) => this.#onPaste(event), {
      capture: true,
      signal,
    });
    this.#home.addEventListener("pointerup", () => this.#copy(), { signal });
  }

  /** @returns whether the terminal is to have it */
  #onKey(event: KeyboardEvent): boolean {
    const command = commandOf(event);
    // One that takes nothing does not hold who goes on with Tab either.
    if (command === undefined) return !(this.#terminal.options.disableStdin && event.key === "Tab");
    if (command === "paste") return false; // the browser pastes, and that is heard
    event.preventDefault();
    if (event.type !== "keydown") return false;
    if (command === "copy") this.#copy();
    if (command === "search") this.#around.onSearch();
    if (command === "leave") this.#around.onLeave();
    return false;
  }

  #onPaste(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    if (this.#terminal.options.disableStdin) return;
    const text = harmless(event.clipboardData?.getData("text/plain") ?? "");
    if (text === "") return;
    if (needsAsking(text, this.#terminal.modes.bracketedPasteMode)) this.#around.onPaste(text);
    else this.#terminal.paste(text);
  }

  #copy(): void {
    const text = this.#terminal.getSelection();
    if (text !== "") void copyText(text);
  }
}
