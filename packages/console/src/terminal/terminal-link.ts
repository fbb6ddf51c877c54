/**
 * Keeps one screen attached to one terminal: attaches, shows what comes, and attaches again when the connection is
 * lost, for as long as the guest has the terminal. It knows neither React nor a browser.
 */

import type { TerminalEvent, TerminalSize } from "@alcove/sdk/browser/index.ts";

import { pause } from "../app/pause.ts";
import { asError } from "../ui/as-error.ts";

export type LinkState =
  | { readonly is: "connecting" }
  | { readonly is: "live" }
  /** it is tried again; `why` is a sentence */
  | { readonly is: "away"; readonly why: string }
  | { readonly is: "exited"; readonly code: number | undefined }
  /** the guest does not have it any more; `why` is a sentence */
  | { readonly is: "gone"; readonly why: string };

/** A plain shell ends without saying how. */
export type AttachmentEvent =
  | TerminalEvent
  | { readonly type: "exit"; readonly code: number | undefined };

/** One attachment, as the SDK's `TerminalSession` is. */
export interface Attachment {
  events(): AsyncIterable<AttachmentEvent>;
  write(text: string): Promise<void>;
  resize(size: TerminalSize): void;
  close(): void;
}

/** Where the output goes. */
export interface Screen {
  readonly size: TerminalSize;
  /** all that was shown is about to come again */
  begin(): void;
  /** resolves when there is room for more */
  show(bytes: Uint8Array): Promise<void>;
  gap(droppedBytes: number): void;
  /** resolves when what came before is on the screen */
  settled(): Promise<void>;
  /** whether what is typed, and what the screen answers to programs, may leave */
  setOpen(isOpen: boolean): void;
}

/** Why there is no attachment. */
export interface Diagnosis {
  /** not to be tried again */
  readonly isGone: boolean;
  /** a sentence */
  readonly why: string;
}

export interface LinkParts {
  readonly screen: Screen;
  readonly attach: (signal: AbortSignal) => Promise<Attachment>;
  readonly diagnose: (error: Error, signal: AbortSignal) => Promise<Diagnosis>;
  readonly onState: (state: LinkState) => void;
  /** shorter in tests, in ms */
  readonly firstPauseMs?: number;
}

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5_000;

export class TerminalLink {
  readonly #parts: LinkParts;
  #attachment: Attachment | undefined;
  #isLive = false;
  #pauseMs: number;
  /** ends a pause between two attempts */
  #hurry: (() => void) | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#pauseMs = parts.firstPauseMs ?? FIRST_PAUSE_MS;
  }

  /** Until the terminal has ended or is gone, or `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { onState } = this.#parts;
    onState({ is: "connecting" });
    while (!signal.aborted) {
      try {
        const ended = await this.#attached(signal);
        if (ended) return onState(ended);
        throw new Error("The connection was closed");
      } catch (error) {
        if (signal.aborted) return;
        const { isGone, why } = await this.#diagnosis(asError(error), signal);
        if (signal.aborted) return;
        if (isGone) return onState({ is: "gone", why });
        onState({ is: "away", why });
        await this.#pause(signal);
      }
    }
  }

  /** What is typed while nobody would get it is dropped. */
  type(text: string): void {
    if (this.#isLive) void this.#attachment?.write(text);
  }

  resize(size: TerminalSize): void {
    if (this.#isLive) this.#attachment?.resize(size);
  }

  /** Tries at once instead of after the pause. */
  hurry(): void {
    this.#hurry?.();
  }

  /** @returns the end, when it was the terminal's own */
  async #attached(signal: AbortSignal): Promise<LinkState | undefined> {
    const { screen, attach } = this.#parts;
    const attachment = await attach(signal);
    const leave = (): void => attachment.close();
    signal.addEventListener("abort", leave, { once: true });
    this.#attachment = attachment;
    try {
      screen.begin();
      return await this.#shown(attachment);
    } finally {
      signal.removeEventListener("abort", leave);
      this.#attachment = undefined;
      this.#isLive = false;
      screen.setOpen(false);
      attachment.close();
    }
  }

  async #shown(attachment: Attachment): Promise<LinkState | undefined> {
    const { screen } = this.#parts;
    let isWhole = true;
    for await (const event of attachment.events()) {
      if (event.type === "output") await screen.show(event.bytes);
      else if (event.type === "live") await this.#live(attachment, isWhole);
      else if (event.type === "exit") {
        await screen.settled();
        return { is: "exited", code: event.code };
      } else {
        isWhole = false;
        screen.gap(event.droppedBytes);
      }
    }
    return undefined;
  }

  /** @param isWhole whether all that was ever shown came again */
  async #live(attachment: Attachment, isWhole: boolean): Promise<void> {
    const { screen, onState, firstPauseMs = FIRST_PAUSE_MS } = this.#parts;
    await screen.settled(); // before it: what was kept asks questions that were answered long ago
    const { size } = screen;
    // A program that fills the screen draws it anew when its size changes, and only then.
    if (!isWhole && size.rows > 1) attachment.resize({ ...size, rows: size.rows - 1 });
    attachment.resize(size);
    this.#isLive = true;
    this.#pauseMs = firstPauseMs;
    screen.setOpen(true);
    onState({ is: "live" });
  }

  async #diagnosis(error: Error, signal: AbortSignal): Promise<Diagnosis> {
    try {
      return await this.#parts.diagnose(error, signal);
    } catch {
      return { isGone: false, why: "The connection was lost." }; // nor can it be said why
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const ms = this.#pauseMs;
    this.#pauseMs = Math.min(ms * 2, LONGEST_PAUSE_MS);
    const early = new AbortController();
    this.#hurry = () => early.abort();
    await pause(ms, AbortSignal.any([signal, early.signal]));
    this.#hurry = undefined;
  }
}
