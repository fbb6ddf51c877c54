/**
 * One event stream for this tab: open while the tab can be seen, resumed where it was, tried again when it breaks.
 * Whatever it missed beside phases, it cannot know: so each time it begins, what is shown is fetched anew.
 */

import type { QueryClient } from "@tanstack/react-query";

import { AlcoveApiError, type HostEvent } from "@alcove/sdk/browser/index.ts";

import { KEYS } from "../app/keys.ts";
import { pause } from "../app/pause.ts";
import { applyEvents } from "./apply-events.ts";

/** `lost`: it broke, and is tried again every now and then */
export type LiveStatus = "connecting" | "live" | "lost";

export interface LiveSource {
  readonly events: (options: {
    readonly after?: number;
    readonly signal: AbortSignal;
  }) => AsyncIterable<HostEvent>;
}

/** events are applied together, so that a storm of them draws the page a few times a second */
const GATHER_MS = 60;
/** totals of the host are asked for at most this often, in ms */
const TOTALS_MS = 2_000;
const FIRST_RETRY_MS = 500;
/** people wait for it: a daemon that is there again is found within this and half of it */
const LAST_RETRY_MS = 5_000;
const UNAUTHENTICATED = 401;

/** What the host's events say nothing of. */
const NOT_LIVE: ReadonlySet<unknown> = new Set([KEYS.session[0], KEYS.openApi[0]]);

export class LiveConnection {
  readonly #source: LiveSource;
  readonly #queries: QueryClient;
  readonly #tell: (status: LiveStatus) => void;
  #over: AbortController | undefined;
  #place: number | undefined;
  #retryMs = FIRST_RETRY_MS;
  #waiting: HostEvent[] = [];
  #flushing: ReturnType<typeof setTimeout> | undefined;
  #totals: ReturnType<typeof setTimeout> | undefined;

  /** @param tell told of each change of the connection */
  constructor(source: LiveSource, queries: QueryClient, tell: (status: LiveStatus) => void) {
    this.#source = source;
    this.#queries = queries;
    this.#tell = tell;
  }

  /** Harmless when it is open. */
  open(): void {
    if (this.#over) return;
    this.#over = new AbortController();
    void this.#keep(this.#over.signal);
  }

  /** Its place is kept for the next time. */
  close(): void {
    this.#over?.abort();
    this.#over = undefined;
    clearTimeout(this.#flushing);
    clearTimeout(this.#totals);
    this.#flushing = undefined;
    this.#totals = undefined;
    this.#waiting = [];
  }

  async #keep(signal: AbortSignal): Promise<void> {
    this.#retryMs = FIRST_RETRY_MS;
    this.#tell("connecting");
    while (!signal.aborted) {
      try {
        for await (const event of this.#events(signal)) this.#take(event);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AlcoveApiError && error.status === UNAUTHENTICATED)
          void this.#queries.invalidateQueries({ queryKey: KEYS.session });
      }
      if (signal.aborted) return;
      this.#tell("lost");
      await pause(this.#retryMs * (0.75 + Math.random() / 2), signal); // not all tabs at the same time
      this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
    }
  }

  #events(signal: AbortSignal): AsyncIterable<HostEvent> {
    const after = this.#place === undefined ? {} : { after: this.#place };
    return this.#source.events({ ...after, signal });
  }

  #take(event: HostEvent): void {
    if (event.kind === "hello") {
      this.#retryMs = FIRST_RETRY_MS;
      this.#tell("live");
      this.#place ??= event.data.id;
      this.#fetchAnew();
    } else if (event.kind === "gap") {
      this.#place = event.data.id;
      this.#fetchAnew();
    } else {
      if (event.kind === "vm") this.#place = event.data.id;
      this.#waiting.push(event);
      this.#flushing ??= setTimeout(() => this.#flush(), GATHER_MS);
    }
  }

  #flush(): void {
    this.#flushing = undefined;
    const events = this.#waiting;
    this.#waiting = [];
    if (applyEvents(this.#queries, events))
      this.#totals ??= setTimeout(() => this.#sum(), TOTALS_MS);
  }

  #sum(): void {
    this.#totals = undefined;
    for (const queryKey of [KEYS.host, KEYS.groups])
      void this.#queries.invalidateQueries({ queryKey });
  }

  #fetchAnew(): void {
    void this.#queries.invalidateQueries({
      predicate: ({ queryKey }) => !NOT_LIVE.has(queryKey[0]),
    });
  }
}
