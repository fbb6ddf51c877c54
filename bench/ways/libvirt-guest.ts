/** A domain of libvirt's beside a host's guests, where this machine has libvirt. */

import { mkdir } from "node:fs/promises";
import path from "node:path";

import type { BenchHost } from "../harness/bench-host.ts";
import { diskWithGuestAgent } from "../harness/guest-agent-guest.ts";
import { Libvirt } from "../harness/libvirt.ts";
import { LibvirtDomain } from "../harness/libvirt-domain.ts";
import { whyNoLibvirt } from "../setup/baselines.ts";

const NAME = "alcove-bench";

/** Something of another program's, or one sentence that says why it is not here. */
export type Baseline<T> = { readonly there: T } | { readonly why: string };

/**
 * A domain that was not started yet. It and its daemon are closed by `opened`, which is closed before
 * the host: its files are the host's.
 */
export async function libvirtGuest(
  { host, memoryMiB }: { readonly host: BenchHost; readonly memoryMiB: number },
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Baseline<LibvirtDomain>> {
  const why = await whyNoLibvirt(signal);
  if (why !== undefined) return { why };
  const { qemuHost, image, dirs } = host;
  const directory = path.join(dirs.scratch, "libvirt");
  await mkdir(directory);
  const order = { qemuHost, image, memoryMiB, scratch: dirs.scratch };
  try {
    const libvirt = opened.use(await Libvirt.open(directory, signal));
    const ground = await diskWithGuestAgent(order, path.join(dirs.scratch, "base.qcow2"), signal);
    const domain = await LibvirtDomain.prepare({ ...order, libvirt, ground, name: NAME });
    return { there: opened.use(domain) };
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return { why: `libvirt does not run here: ${reason.replaceAll(/[\s|]+/g, " ").slice(0, 300)}` };
  }
}
