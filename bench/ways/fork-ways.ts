/** Every way to get a VM in which something was done. */

import { forkVm } from "../../e2e/harness/forks.ts";
import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { runInGuest } from "../harness/agent-channel.ts";
import { BareGuest } from "../harness/bare-guest.ts";
import type { BenchHost } from "../harness/bench-host.ts";
import { KeepAlive } from "../harness/keep-alive.ts";
import { timed } from "../harness/stopwatch.ts";
import { type ForkScene, MEMORY_MIB, POOL_SIZE } from "./fork-scene.ts";

export const COLD = "boot: create, then exec";
export const TEMPLATE = "template: create, then exec";
export const POOL = "pool: create, then exec";
export const LIVE = "live fork: fork a running VM, then exec in the child";
export const BARE_BOOT = "bare boot: QEMU, then exec";
export const BARE_FORK = "bare fork: QEMU, then exec";

export interface Made {
  /** from the beginning until its agent was there, in `ms` */
  readonly agentMs: number;
  /** until `true` had run in it; the same as `agentMs` when it was left idle */
  readonly readyMs: number;
  /** how long its source stood still, in `ms`; `undefined` when it has none that runs */
  readonly pauseMs?: number;
  /** the process that runs it */
  pid(): number;
  end(): Promise<void>;
}

/** whether `true` is run in it, or nothing at all */
export type Use = "exec" | "idle";

export interface ForkWay {
  readonly name: string;
  readonly measures: string;
  make(use: Use, signal: AbortSignal): Promise<Made>;
}

export function forkWays({ cold, warm, pooled, bare }: ForkScene): readonly ForkWay[] {
  const { qemuHost, image, dirs } = cold;
  const order = { qemuHost, image, memoryMiB: MEMORY_MIB, scratch: dirs.scratch };
  return [
    {
      name: COLD,
      measures: "POST of a create with wait=agent, and an exec of `true` when it has answered",
      make: (use, signal) => created(cold, use, signal),
    },
    {
      name: TEMPLATE,
      measures: "the same requests, to a daemon that has a template of this image and size",
      make: (use, signal) => created(warm, use, signal),
    },
    {
      name: POOL,
      measures: "the same requests, while a machine of that template waits to become a VM",
      make: async (use, signal) => {
        await pooled.poolFilled(POOL_SIZE, signal);
        const waited = pooled.dirs.machines();
        const made = await created(pooled, use, signal);
        if (waited.includes(made.pid())) return made;
        throw new Error("A machine waited for it, but the VM has got another one");
      },
    },
    {
      name: LIVE,
      measures:
        "POST of a fork with wait=agent, and an exec in the child; its source was just made",
      make: (use, signal) => forkedLive(warm, use, signal),
    },
    {
      name: BARE_BOOT,
      measures: "spawn of the same QEMU by hand until its agent has run `true`",
      make: async (use, signal) => {
        const guest = await BareGuest.prepare(order);
        return byHand(guest, { use, start: () => guest.boot(signal) }, signal);
      },
    },
    {
      name: BARE_FORK,
      measures:
        "spawn of a QEMU that maps a template's memory, until its agent has run `true`: nothing in it is renewed",
      make: async (use, signal) => {
        const guest = await bare.prepare();
        return byHand(guest, { use, start: () => bare.fork(guest, signal) }, signal);
      },
    },
  ];
}

/** One VM by the API. */
async function created(host: BenchHost, use: Use, signal: AbortSignal): Promise<Made> {
  let hostname = "";
  const times = await lapped(
    async () => {
      hostname = await host.createVm();
    },
    () => (use === "exec" ? execTrue(host, hostname, signal) : undefined),
  );
  return {
    ...times,
    pid: () => host.machinePid(hostname),
    end: () => host.deleteVm(hostname),
  };
}

async function forkedLive(host: BenchHost, use: Use, signal: AbortSignal): Promise<Made> {
  const source = await host.createVm();
  let [child, pauseMs] = ["", 0];
  const times = await lapped(
    async () => {
      const forked = await forkVm(host.api, source);
      child = String(forked.hostnames[0]);
      ({ pauseMs } = forked);
    },
    () => (use === "exec" ? execTrue(host, child, signal) : undefined),
  );
  return {
    ...times,
    pauseMs,
    pid: () => host.machinePid(child),
    end: async () => {
      await host.deleteVm(child);
      await host.deleteVm(source);
    },
  };
}

async function execTrue(host: BenchHost, hostname: string, signal: AbortSignal): Promise<void> {
  using client = new KeepAlive({ socketPath: host.socketPath });
  const answer = await client.post(`/vm/${hostname}/exec?cmd=true&buffered=true`, signal);
  if (!/"exit_code":0\b/.test(answer)) throw new Error(`true did not succeed: ${answer}`);
}

interface ByHand {
  readonly use: Use;
  readonly start: () => Promise<GuestLink>;
}

async function byHand(
  guest: BareGuest,
  { use, start }: ByHand,
  signal: AbortSignal,
): Promise<Made> {
  try {
    let link: GuestLink | undefined;
    const times = await lapped(
      async () => {
        link = await start();
      },
      async () => {
        if (link && use === "exec") await runInGuest(link, TRUE, signal);
      },
    );
    return { ...times, pid: () => guest.pid, end: () => guest[Symbol.asyncDispose]() };
  } catch (error) {
    await guest[Symbol.asyncDispose]();
    throw error;
  }
}

const TRUE = { kind: "auto", command: "true" } as const;

async function lapped(
  untilAgent: () => Promise<void>,
  thenUse: () => Promise<void> | undefined,
): Promise<Pick<Made, "agentMs" | "readyMs">> {
  const agentMs = await timed(untilAgent);
  const useMs = await timed(async () => thenUse());
  return { agentMs, readyMs: agentMs + useMs };
}
