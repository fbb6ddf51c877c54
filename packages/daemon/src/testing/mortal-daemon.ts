/** A daemon that can be made to die at any step: from there on nothing that it does has an effect outside of it. */

import type { ExecutionStore } from "#core/aleph/ports/execution-store.ts";
import type { MachineRoom } from "#core/aleph/ports/machine-room.ts";

/** Says how far a daemon comes, in steps that change something outside of it. */
export class Mortality {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  get isDead(): boolean {
    return this.#left <= 0;
  }

  /** Lets it come so much further from now on. */
  limit(steps: number): void {
    this.#left = steps;
  }

  /** @throws DaemonDied when this one is not done any more */
  step(): void {
    if (this.isDead) throw new DaemonDied();
    this.#left -= 1;
  }
}

export class DaemonDied extends Error {
  override readonly name = "DaemonDied";
}

export function mortalRoom(room: MachineRoom, mortality: Mortality): MachineRoom {
  const living = async <T>(work: () => Promise<T>): Promise<T> => {
    mortality.step();
    return work();
  };
  return {
    prepare: (order, signal) => living(() => room.prepare(order, signal)),
    start: (vmHash, launch, signal) => living(() => room.start(vmHash, launch, signal)),
    stop: (vmHash, signal) => living(() => room.stop(vmHash, signal)),
    restart: async (vmHash, launch, signal) => {
      // A daemon can die between the two halves.
      await living(() => room.stop(vmHash, signal));
      await living(() => room.start(vmHash, launch, signal));
    },
    remove: (vmHash, disks, signal) => living(() => room.remove(vmHash, disks, signal)),
    reinstall: (vmHash, volumes, signal) => living(() => room.reinstall(vmHash, volumes, signal)),
    setPorts: (vmHash, ports, signal) => living(() => room.setPorts(vmHash, ports, signal)),
    phaseOf: (vmHash) => room.phaseOf(vmHash),
    hashes: () => room.hashes(),
    onChange: (listener) =>
      room.onChange((vmHash) => {
        if (!mortality.isDead) listener(vmHash);
      }),
  };
}

export function mortalStore(store: ExecutionStore, mortality: Mortality): ExecutionStore {
  return {
    all: () => store.all(),
    portMappings: () => store.portMappings(),
    insert: (record) => {
      mortality.step();
      store.insert(record);
    },
    save: (record) => {
      mortality.step();
      store.save(record);
    },
    savePortMappings: (vmHash, mappings) => {
      mortality.step();
      store.savePortMappings(vmHash, mappings);
    },
  };
}
