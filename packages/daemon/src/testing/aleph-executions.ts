/**
 * Executions over a fake room and a real store. Opening them again over the same is a daemon's restart, and
 * a daemon can be made to die at any step: from there on nothing that it does has an effect.
 */

import type { ItemHash } from "#core/aleph/item-hash.ts";
import { Executions } from "#core/aleph/execution/executions.ts";
import type { ExecutionsDeps } from "#core/aleph/execution/machinery.ts";
import type { PaymentDesk } from "#core/aleph/execution/notice.ts";
import type { HostGpu, NodeHardware } from "#core/aleph/ports/node-hardware.ts";
import { GIB } from "#lib/bytes.ts";
import { openDb, type Db } from "#store/db.ts";
import { SqliteExecutionStore } from "#store/sqlite-execution-store.ts";

import { FakePrograms } from "./aleph-programs.ts";
import { FakeRoom } from "./aleph-room.ts";
import { FakeSource } from "./aleph-source.ts";
import { never } from "./fake-host.ts";
import { Mortality, mortalRoom, mortalStore } from "./mortal-daemon.ts";
import { RememberingLog } from "./remembering-log.ts";

type Settings = ExecutionsDeps["settings"];

export class ExecutionStage implements AsyncDisposable {
  readonly room = new FakeRoom();
  readonly programs = new FakePrograms();
  readonly source = new FakeSource();
  readonly log = new RememberingLog();
  readonly db: Db = openDb(":memory:");
  readonly store = new SqliteExecutionStore(this.db);
  readonly clock = new SteppingClock();
  readonly takenPorts = new Set<number>();
  /** names of devices that are somebody else's */
  readonly takenTaps = new Set<string>();
  readonly gpus: HostGpu[] = [];
  readonly erased: ItemHash[] = [];
  readonly usedBytes = new Map<ItemHash, number>();
  payments: PaymentDesk = { check: async () => {} };
  memoryGiB = 64;
  cpus = 4;
  diskFreeBytes = 100 * GIB;
  settings: Settings = SETTINGS;
  /** daemons that there have been */
  opened = 0;
  #uuids = 0;
  readonly #open: Executions[] = [];

  /** @param mortality how far this daemon comes; endless if left out */
  open(mortality: Mortality = new Mortality(Infinity)): Executions {
    const executions = Executions.open(this.#deps(mortality), never);
    this.#open.push(executions);
    this.opened += 1;
    return executions;
  }

  /** The daemon ends in good order, and another one comes. */
  async reopen(): Promise<Executions> {
    await this.close();
    return this.open();
  }

  async close(): Promise<void> {
    for (const executions of this.#open.splice(0)) await executions[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.db.close();
  }

  #deps(mortality: Mortality): ExecutionsDeps {
    return {
      settings: this.settings,
      room: mortalRoom(this.room, mortality),
      programs: this.programs,
      messages: this.source,
      store: mortalStore(this.store, mortality),
      hostPorts: { isFree: async (port) => !this.takenPorts.has(port), address: () => "192.0.2.1" },
      hostPlaces: {
        taken:
          () =>
          ({ tap }) =>
            this.takenTaps.has(tap),
      },
      payments: { check: async (order, signal) => this.payments.check(order, signal) },
      hardware: this.#hardware(),
      diskBytes: async (vmHash) => this.usedBytes.get(vmHash) ?? 0,
      erased: async (vmHash) => {
        mortality.step();
        this.erased.push(vmHash);
      },
      clock: this.clock,
      log: this.log,
      newUuid: () => `uuid-${(this.#uuids += 1)}`,
      restartPauseMs: 1,
      paymentCheckMs: 600_000,
    };
  }

  #hardware(): Pick<NodeHardware, "cpu" | "memory" | "disk" | "gpus"> {
    return {
      cpu: async () => ({
        architecture: "x86_64",
        vendor: "AuthenticAMD",
        model: "made up",
        features: [],
        frequencyHz: 0,
        count: this.cpus,
      }),
      memory: async () => ({ totalBytes: this.memoryGiB * GIB, availableBytes: 0 }),
      disk: async () => ({ totalBytes: 1000 * GIB, freeBytes: this.diskFreeBytes }),
      gpus: async () => this.gpus,
    };
  }
}

/** A clock that moves when it is told to, and a little with every look at it. */
export class SteppingClock {
  #ms = Date.parse("2026-01-02T03:04:05Z");

  now(): Date {
    this.#ms += 1;
    return new Date(this.#ms);
  }

  pass(ms: number): void {
    this.#ms += ms;
  }
}

const SETTINGS: Settings = {
  admission: {
    hostMemoryReservedMiB: 2048,
    programMemoryReservedMiB: 8192,
    vcpuOvercommit: 4,
    startIdIndex: 4,
  },
  network: {
    externalInterface: undefined,
    ipv4Pool: "172.16.0.0/12",
    ipv4Prefix: 24,
    ipv6Pool: "fc00:1:2:3::/64",
    ipv6Policy: "static",
    ipv6Prefix: 124,
    dns: [],
    hostIpv4: undefined,
    ndpProxy: true,
  },
  nodeHash: undefined,
  confidential: {
    backend: "simulated",
    directory: "/c",
    sessionDirectory: "/s",
    sevctlPath: "/opt/sevctl",
    checkSessionSizes: false,
  },
  gpus: "on",
};
