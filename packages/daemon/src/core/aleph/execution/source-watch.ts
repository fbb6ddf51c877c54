/** What is done when messages, files or aggregates change: whoever changed them, and while VMs run. */

import type { Log } from "../../ports/log.ts";
import { isSameAddress } from "../caller.ts";
import type { ItemHash } from "../item-hash.ts";
import { readExecutable } from "../message/parse.ts";
import type { MessageSource, SourceChange } from "../ports/message-source.ts";
import { followedRefs, withLatestRefs } from "./latest-refs.ts";
import { PORTS_KEY } from "./port-plan.ts";
import type { ExecutionView } from "./view.ts";

export interface SourceWatchDesk {
  list(): readonly ExecutionView[];
  refreshPorts(vmHash: ItemHash, signal: AbortSignal): Promise<unknown>;
  /** Stops a VM and gives up its ports. */
  deallocate(vmHash: ItemHash, signal: AbortSignal): Promise<void>;
}

export class SourceWatch {
  readonly #desk: SourceWatchDesk;
  readonly #messages: MessageSource;
  readonly #log: Log;

  constructor(desk: SourceWatchDesk, messages: MessageSource, log: Log) {
    this.#desk = desk;
    this.#messages = messages;
    this.#log = log;
  }

  /** Resolves when everything that follows from the change is done. One VM's trouble is logged. */
  async follow(change: SourceChange, signal: AbortSignal): Promise<void> {
    switch (change.what) {
      case "forgotten":
        return this.#each(isMessage(change.hash), "aleph.forgotten", ({ record }) =>
          this.#desk.deallocate(record.vmHash, signal),
        );
      case "file":
        return this.#each(follows(change.ref), "aleph.file_changed", (it) =>
          this.#stopIfOutdated(it, signal),
        );
      case "aggregate":
        if (change.key !== PORTS_KEY) return;
        return this.#each(isOwnedBy(change.address), "aleph.ports_wanted", ({ record }) =>
          this.#desk.refreshPorts(record.vmHash, signal),
        );
      case "message":
      case "domains":
    }
  }

  /** Stops what was forgotten, or follows a file that has a newer version, since somebody last looked. */
  async catchUp(signal: AbortSignal): Promise<void> {
    for (const { record } of this.#inmates()) {
      const { vmHash } = record;
      if (await this.#messages.isForgotten(vmHash)) {
        await this.follow({ what: "forgotten", hash: vmHash }, signal);
      } else {
        await this.#each(isMessage(vmHash), undefined, (it) => this.#stopIfOutdated(it, signal));
      }
    }
  }

  async #each(
    isMeant: (execution: ExecutionView) => boolean,
    event: string | undefined,
    act: (execution: ExecutionView) => Promise<unknown>,
  ): Promise<void> {
    for (const execution of this.#inmates().filter(isMeant)) {
      const { vmHash } = execution.record;
      try {
        if (event !== undefined) this.#log.info(event, { vmHash });
        await act(execution);
      } catch (error) {
        this.#log.warn("aleph.change_not_followed", { vmHash, event, error });
      }
    }
  }

  /** Whoever wants it next gets it with the new file. */
  async #stopIfOutdated({ record }: ExecutionView, signal: AbortSignal): Promise<void> {
    const { original, message } = record;
    const published = readExecutable(original.content);
    const newest = await withLatestRefs(original, published, this.#messages, signal);
    if (JSON.stringify(newest.content) === JSON.stringify(message.content)) return;
    await this.#desk.deallocate(record.vmHash, signal);
  }

  #inmates(): readonly ExecutionView[] {
    return this.#desk.list().filter(({ record }) => record.ended === undefined);
  }
}

function isMessage(hash: ItemHash): (execution: ExecutionView) => boolean {
  return ({ record }) => record.vmHash === hash;
}

/** Its first name and the one it was taken by both mean a file. */
function follows(ref: ItemHash): (execution: ExecutionView) => boolean {
  return ({ record, content }) =>
    followedRefs(readExecutable(record.original.content)).includes(ref) ||
    followedRefs(content).includes(ref);
}

function isOwnedBy(address: string): (execution: ExecutionView) => boolean {
  return ({ content }) => isSameAddress(content.address, address);
}
