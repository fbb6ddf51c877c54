/** One terminal on the page: its screen, and the link that keeps it attached. */

import { type RefObject, useEffect, useEffectEvent, useRef, useState } from "react";

import { THEME_CHANGED } from "../app/theme.ts";
import { type LinkState, TerminalLink } from "./terminal-link.ts";
import { TerminalScreen } from "./terminal-screen.ts";
import type { TerminalSource } from "./terminal-source.ts";
import type { Surroundings } from "./terminal-surroundings.ts";

/** Something of the guest's, or of the clipboard's, that somebody is asked about first. */
export type Question =
  | { readonly about: "paste"; readonly text: string }
  | { readonly about: "address"; readonly address: string };

export interface TerminalWishes {
  readonly source: TerminalSource;
  readonly isShown: boolean;
  /** whether a screen reader is to be told what is shown */
  readonly isReadOut: boolean;
  /** as far as is known; when it becomes so, it is worth trying again at once */
  readonly isReachable: boolean;
  readonly onTitle: (title: string | undefined) => void;
  readonly onLeave: () => void;
}

export interface UsedTerminal {
  readonly state: LinkState;
  readonly screen: RefObject<TerminalScreen | null>;
  readonly question: Question | undefined;
  readonly answer: (isYes: boolean) => void;
  readonly isSearching: boolean;
  /** how often what is searched for is there, in words */
  readonly found: string;
  readonly setSearching: (isSearching: boolean) => void;
  readonly hurry: () => void;
}

export function useTerminal(
  home: RefObject<HTMLElement | null>,
  wishes: TerminalWishes,
): UsedTerminal {
  const [question, setQuestion] = useState<Question>();
  const [isSearching, setSearching] = useState(false);
  const [found, setFound] = useState("");
  const { state, screen, link } = useAttached(home, wishes, {
    onAddress: (address) => setQuestion({ about: "address", address }),
    onPaste: (text) => setQuestion({ about: "paste", text }),
    onSearch: () => setSearching(true),
    onFound: (count, at) => setFound(foundInWords(count, at)),
  });
  const { isShown, isReadOut, isReachable } = wishes;
  useEffect(() => {
    if (!isShown) return;
    screen.current?.fit();
    screen.current?.focus();
  }, [isShown, screen]);
  useEffect(() => screen.current?.setReadOut(isReadOut), [isReadOut, screen]);
  useEffect(() => {
    if (isReachable) link.current?.hurry();
  }, [isReachable, link]);

  const answer = (isYes: boolean): void => {
    if (isYes && question?.about === "paste") screen.current?.paste(question.text);
    if (isYes && question?.about === "address") {
      window.open(question.address, "_blank", "noopener,noreferrer");
    }
    setQuestion(undefined);
    screen.current?.focus();
  };
  const hurry = (): void => link.current?.hurry();
  return { state, screen, question, answer, isSearching, setSearching, found, hurry };
}

function foundInWords(count: number, at: number): string {
  if (count === 0) return "nowhere";
  return at === -1 ? String(count) : `${at + 1} of ${count}`;
}

type Asking = Pick<Surroundings, "onAddress" | "onPaste" | "onSearch" | "onFound">;

/** A screen at `home`, attached to the source for as long as both are there. */
function useAttached(
  home: RefObject<HTMLElement | null>,
  { source, isReadOut, onTitle, onLeave }: TerminalWishes,
  asking: Asking,
) {
  const [state, setState] = useState<LinkState>({ is: "connecting" });
  const screen = useRef<TerminalScreen>(null);
  const link = useRef<TerminalLink>(null);
  const around = useEffectEvent((): Surroundings => ({
    ...asking,
    onTitle,
    onLeave,
    onTyped: (text) => link.current?.type(text),
    onSize: (size) => link.current?.resize(size),
  }));
  const make = useEffectEvent((place: HTMLElement) => {
    const later: Surroundings = {
      onTyped: (text) => around().onTyped(text),
      onSize: (size) => around().onSize(size),
      onTitle: (title) => around().onTitle(title),
      onLeave: () => around().onLeave(),
      onAddress: (address) => around().onAddress(address),
      onPaste: (text) => around().onPaste(text),
      onSearch: () => around().onSearch(),
      onFound: (count, at) => around().onFound(count, at),
    };
    return new TerminalScreen(place, later, isReadOut);
  });
  useEffect(() => {
    if (!home.current) return undefined;
    const over = new AbortController();
    const made = make(home.current);
    const attached = new TerminalLink({ screen: made, ...source, onState: setState });
    screen.current = made;
    link.current = attached;
    void attached.run(over.signal);
    const stop = watchSurroundings(home.current, made);
    return () => {
      over.abort();
      stop();
      made.dispose();
      screen.current = null;
      link.current = null;
    };
  }, [home, source]);
  return { state, screen, link };
}

/** Its place's size, and the theme. @returns ends the watch */
function watchSurroundings(home: HTMLElement, screen: TerminalScreen): () => void {
  const over = new AbortController();
  const { signal } = over;
  const look = (): void => screen.look();
  const sizes = new ResizeObserver(() => screen.fit());
  sizes.observe(home);
  document.addEventListener(THEME_CHANGED, look, { signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look, { signal });
  return () => {
    over.abort();
    sizes.disconnect();
  };
}
