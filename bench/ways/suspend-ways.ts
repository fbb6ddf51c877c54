/** Every way to bring a running guest to the disk and back. */

import path from "node:path";

import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { openHostApi } from "../../packages/sdk/src/index.ts";
import { runInGuest, shell } from "../harness/agent-channel.ts";
import { BareGuest } from "../harness/bare-guest.ts";
import { resume, suspend } from "../harness/bare-state.ts";
import { BenchHost } from "../harness/bench-host.ts";
import type { LibvirtDomain } from "../harness/libvirt-domain.ts";
import { type Baseline, libvirtGuest } from "./libvirt-guest.ts";

/** A guest that runs, or, after `suspend`, lies on the disk. */
interface Guest {
  /** Puts bytes into its memory that nothing can make smaller. */
  fill(mebibytes: number, signal: AbortSignal): Promise<unknown>;
  suspend(signal: AbortSignal): Promise<void>;
  resume(signal: AbortSignal): Promise<void>;
}

export type SuspendWay = {
  readonly names: readonly [there: string, back: string];
  readonly measuresThere: string;
  readonly measuresBack: string;
} & (
  | { readonly there: Guest }
  /** `why` it is not: one sentence */
  | { readonly there: undefined; readonly why: string }
);

export interface SuspendWays extends AsyncDisposable {
  readonly host: BenchHost;
  readonly ways: readonly SuspendWay[];
}

/** @returns a way's row names */
export function rowsOf({ names }: SuspendWay): readonly [there: string, back: string] {
  return [`suspend: ${names[0]}`, `restore: ${names[1]}`];
}

export async function openSuspendWays(
  memoryMiB: number,
  signal: AbortSignal,
): Promise<SuspendWays> {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await BenchHost.open({ memoryMiB }, signal));
  const { qemuHost, image, dirs } = host;
  const guest = opened.use(
    await BareGuest.prepare({ qemuHost, image, memoryMiB, scratch: dirs.scratch }),
  );
  const domain = await libvirtGuest({ host, memoryMiB }, opened, signal);
  const ways = [
    overApi(host, await host.createVm(), opened),
    byHand(guest, await guest.boot(signal), path.join(dirs.scratch, "bare-state")),
    await byVirsh(domain, path.join(dirs.scratch, "libvirt-state"), signal),
  ];
  const all = opened.move();
  return { host, ways, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const fillWith = (mebibytes: number): string =>
  `head -c ${mebibytes}M /dev/urandom > /dev/shm/fill`;

function overApi(host: BenchHost, hostname: string, opened: AsyncDisposableStack): SuspendWay {
  const client = opened.use(openHostApi({ baseURL: host.url, token: host.token }));
  const post = async (verb: string, query = {}): Promise<void> => {
    const { status, text } = await host.api.post(`/vm/${hostname}/${verb}`, { query });
    if (status !== 200) throw new Error(`${verb} answered ${status}: ${text}`);
  };
  return {
    names: ["API", "API"],
    measuresThere:
      "POST of a suspend until the answer: memory and devices are on the disk, sealed; QEMU has ended",
    measuresBack: "POST of a restore with wait=agent until the answer: checked, loaded, running",
    there: {
      fill: async (mebibytes, signal) => {
        await client.exec(hostname, { cmd: fillWith(mebibytes), shell: "/bin/sh" }, signal);
      },
      suspend: () => post("suspend"),
      resume: () => post("restore", { wait: "agent", timeout: "60s" }),
    },
  };
}

function byHand(guest: BareGuest, first: GuestLink, file: string): SuspendWay {
  let link = first;
  return {
    names: ["bare QEMU", "bare QEMU"],
    measuresThere:
      "stop, a migration into a file, its fsync, and the end of QEMU: neither sealed nor summed",
    measuresBack: "spawn of a QEMU that reads the file, until its agent has answered a HELLO",
    there: {
      fill: (mebibytes, signal) => runInGuest(link, shell(fillWith(mebibytes)), signal),
      suspend: async (signal) => {
        await link[Symbol.asyncDispose]();
        await suspend(guest, file, signal);
      },
      resume: async (signal) => {
        link = await resume(guest, file, signal);
      },
    },
  };
}

async function byVirsh(
  domain: Baseline<LibvirtDomain>,
  file: string,
  signal: AbortSignal,
): Promise<SuspendWay> {
  const way = {
    names: ["virsh save", "virsh restore"],
    measuresThere: "`virsh save` of a libvirt domain with the same kernel, image and memory",
    measuresBack: "`virsh restore` until QEMU's guest agent answers",
  } as const;
  if ("why" in domain) return { ...way, there: undefined, why: domain.why };
  const { there } = domain;
  await there.boot(signal);
  return {
    ...way,
    there: {
      fill: (mebibytes, until) => there.exec("/bin/sh", ["-c", fillWith(mebibytes)], until),
      suspend: (until) => there.save(file, until),
      resume: (until) => there.restore(file, until),
    },
  };
}
