/** What one reader of the feed has not been told yet, beside the phases of VMs: bounded, however slow it is. */

import { pause, settlesWithin, unlessAborted } from "#lib/patience.ts";

import type { Vms } from "../vm/vms.ts";
import type { FeedItem } from "./feed-item.ts";
import type { Changed, HostEvents, HostSample } from "./host-events.ts";

/** things by name that a reader is told of; when more have changed, it is told which lists have */
const MAX_NAMED = 512;
/** what follows so soon after something comes with it, in `ms` */
const GATHER_MS = 20;

export interface ReaderDeps {
  readonly vms: Vms;
  readonly events: HostEvents;
}

export class FeedReader implements Disposable {
  readonly #listening = new DisposableStack();
  readonly #changes = new Map<string, Changed>();
  #sample: HostSample | undefined;
  #bell = Promise.withResolvers<void>();

  constructor({ vms, events }: ReaderDeps) {
    this.#listening.use(vms.onChange(() => this.#bell.resolve()));
    this.#listening.use(events.listen((changed) => this.#note(changed)));
    this.#listening.use(
      events.onSample((sample) => {
        this.#sample = sample; // the newest is worth telling
        this.#bell.resolve();
      }),
    );
  }

  /** @returns what has changed since it was asked last, each thing once */
  take(): readonly FeedItem[] {
    const items: FeedItem[] = [...this.#changes.values()].map((changed) => ({
      kind: "changed",
      changed,
    }));
    if (this.#sample) items.push({ kind: "host", sample: this.#sample });
    this.#changes.clear();
    this.#sample = undefined;
    return items;
  }

  /** Waits for something to tell. @returns whether there was nothing for that long */
  async isQuiet(ms: number, signal: AbortSignal): Promise<boolean> {
    const rung = await unlessAborted(settlesWithin(this.#bell.promise, ms), signal);
    if (!rung) return true;
    await pause(GATHER_MS, signal);
    this.#bell = Promise.withResolvers();
    return false;
  }

  /** Whoever still waits is let go, too: the timer of a wait that was left would keep the daemon from ending. */
  [Symbol.dispose](): void {
    this.#listening.dispose();
    this.#bell.resolve();
  }

  #note(changed: Changed): void {
    if (this.#changes.size >= MAX_NAMED) this.#forgetNames();
    const { what, name } = changed;
    this.#changes.set(`${what}/${name ?? ""}`, changed);
    this.#bell.resolve();
  }

  #forgetNames(): void {
    const lists = new Set([...this.#changes.values()].map(({ what }) => what));
    this.#changes.clear();
    for (const what of lists) this.#changes.set(`${what}/`, { what });
  }
}
