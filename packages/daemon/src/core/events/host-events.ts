/**
 * What happens on this host beside the phases of VMs: something that a list shows has changed, or the host was
 * measured. Whoever changes such a thing announces it here; whoever shows it listens.
 */

import { Announcer } from "#lib/announcer.ts";

/** What has changed, by the list that shows it. */
export const CHANGEABLE = [
  "vm",
  "templates",
  "images",
  "secrets",
  "commits",
  "pools",
  // executions of the host's Aleph node: which one, nobody is told here
  "aleph",
] as const;

export interface Changed {
  readonly what: (typeof CHANGEABLE)[number];
  /** which one of them: a VM's host name, an image's name, …; `undefined`: any */
  readonly name?: string | undefined;
}

/** The host at one moment; `null` where nothing could be read. */
export interface HostSample {
  readonly at: Date;
  /** share of all processors, 0 to 1 */
  readonly cpu: number | null;
  /** bytes, as the four that follow */
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
  readonly diskUsed: number | null;
  readonly diskTotal: number | null;
  /** bytes a second, as the next */
  readonly netIn: number | null;
  readonly netOut: number | null;
  /** processes that run or want to, averaged over a minute */
  readonly load: number | null;
}

export class HostEvents {
  readonly #changes = new Announcer<Changed>();
  readonly #samples = new Announcer<HostSample>();

  announce(changed: Changed): void {
    this.#changes.announce(changed);
  }

  /** Calls `listener` for every change until disposed. It must not throw and must not wait. */
  listen(listener: (changed: Changed) => void): Disposable {
    return this.#changes.listen(listener);
  }

  announceSample(sample: HostSample): void {
    this.#samples.announce(sample);
  }

  onSample(listener: (sample: HostSample) => void): Disposable {
    return this.#samples.listen(listener);
  }
}
