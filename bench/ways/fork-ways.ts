/** Every way to get a VM in which something was done. */

import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { runInGuest } from "../harness/agent-channel.ts";
import { BareGuest } from "../harness/bare-guest.ts";
import type { BenchHost } from "../harness/bench-host.ts";
import { KeepAlive } from "../harness/keep-alive.ts";
import { timed } from "../harness/stopwatch.ts";
import { type ForkScene, MEMORY_MIB } from "./fork-scene.ts";

export const COLD = "boot: create, then exec";
export const TEMPLATE = "template: create, then exec";
export const BARE_BOOT = "bare QEMU: boot, then exec";
export const BARE_FORK = "bare QEMU: fork, then exec";

export interface Made {
  /** from the beginning until `true` had run in it, in `ms` */
  readonly readyMs: number;
  /** the process that runs it */
  pid(): number;
  /** @returns how long its end took, in `ms` */
  end(): Promise<number>;
}

export interface ForkWay {
  readonly name: string;
  readonly measures: string;
  /** row for its end, where that is of interest */
  readonly deleting?: { readonly name: string; readonly measures: string };
  make(signal: AbortSignal): Promise<Made>;
}

export function forkWays({ cold, warm, bare }: ForkScene): readonly ForkWay[] {
  const { qemuHost, image, dirs } = cold;
  const order = { qemuHost, image, memoryMiB: MEMORY_MIB, scratch: dirs.scratch };
  return [
    {
      name: COLD,
      measures: "POST of a create with wait=agent, and an exec of `true` when it has answered",
      make: (signal) => created(cold, signal),
    },
    {
      name: TEMPLATE,
      measures: "the same requests, to a daemon that has a template of this image and size",
      deleting: {
        name: "template: DELETE",
        measures: "until the machine, its disk and its record are gone",
      },
      make: (signal) => created(warm, signal),
    },
    {
      name: BARE_BOOT,
      measures: "spawn of the same QEMU by hand until its agent has run `true`",
      make: async (signal) => {
        const guest = await BareGuest.prepare(order);
        return byHand(guest, () => guest.boot(signal), signal);
      },
    },
    {
      name: BARE_FORK,
      measures:
        "spawn of a QEMU that maps a template's memory, until its agent has run `true`: nothing in it is renewed",
      make: async (signal) => {
        const guest = await bare.prepare();
        return byHand(guest, () => bare.fork(guest, signal), signal);
      },
    },
  ];
}

/** One VM by the API, over the daemon's Unix socket. */
async function created(host: BenchHost, signal: AbortSignal): Promise<Made> {
  let hostname = "";
  const readyMs = await timed(async () => {
    hostname = await host.createVm();
    await execTrue(host, hostname, signal);
  });
  return madeBy(host, hostname, readyMs);
}

function madeBy(host: BenchHost, hostname: string, readyMs: number): Made {
  return {
    readyMs,
    pid: () => host.machinePid(hostname),
    end: () => timed(() => host.deleteVm(hostname)),
  };
}

async function execTrue(host: BenchHost, hostname: string, signal: AbortSignal): Promise<void> {
  using client = new KeepAlive({ socketPath: host.socketPath });
  const answer = await client.post(`/vm/${hostname}/exec?cmd=true&buffered=true`, signal);
  if (!/"exit_code":0\b/.test(answer)) throw new Error(`true did not succeed: ${answer}`);
}

async function byHand(
  guest: BareGuest,
  start: () => Promise<GuestLink>,
  signal: AbortSignal,
): Promise<Made> {
  try {
    const readyMs = await timed(async () => {
      await runInGuest(await start(), { kind: "auto", command: "true" }, signal);
    });
    return { readyMs, pid: () => guest.pid, end: () => timed(() => guest[Symbol.asyncDispose]()) };
  } catch (error) {
    await guest[Symbol.asyncDispose]();
    throw error;
  }
}
