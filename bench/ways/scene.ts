/**
 * Guests of one shape, side by side: a daemon's, reached by the API, and a bare one, reached by
 * its agent without a daemon, by ssh, and through a serial port that nobody else holds.
 *
 * ssh cannot be given a way into the daemon's guest: its user-mode network forwards no ports, and a
 * tunnel through the agent would make ssh pay for Alcove. The bare guest has the same kernel, image,
 * memory and devices, and its agent is measured there too, so the two can be compared. QEMU's own
 * guest agent is put into it as well, and a third guest is libvirt's, where there is one.
 */

import { freemem } from "node:os";

import { type HostApi, openHostApi } from "../../packages/sdk/src/index.ts";
import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { type AgentChannel, openAgentChannel } from "../harness/agent-channel.ts";
import { freePort } from "../harness/bare-extras.ts";
import { BareGuest } from "../harness/bare-guest.ts";
import { BenchHost } from "../harness/bench-host.ts";
import { installGuestAgent, startGuestAgent } from "../harness/guest-agent-guest.ts";
import { GuestAgentSocket } from "../harness/guest-agent-socket.ts";
import type { LibvirtDomain } from "../harness/libvirt-domain.ts";
import { RawPort } from "../harness/raw-port.ts";
import { SshAccess } from "../harness/ssh-access.ts";
import { whyNoGuestAgent } from "../setup/baselines.ts";
import { type Baseline, libvirtGuest } from "./libvirt-guest.ts";

/** the default size of a VM, and room for the largest copy in a tmpfs of the guest */
export const MEMORY_MIB = 1024;

export interface Scene extends AsyncDisposable {
  readonly host: BenchHost;
  /** the daemon's guest */
  readonly hostname: string;
  readonly client: HostApi<Buffer>;
  /** the bare guest's agent */
  readonly channel: AgentChannel;
  readonly raw: RawPort;
  readonly ssh: SshAccess;
  /** QEMU's own guest agent in the bare guest */
  readonly qga: Baseline<GuestAgentSocket>;
  /** another guest of that shape, by libvirt */
  readonly domain: Baseline<LibvirtDomain>;
}

export async function setScene(signal: AbortSignal): Promise<Scene> {
  if (freemem() < 4 * MEMORY_MIB * 2 ** 20) throw new Error("Three guests need 4 GiB free memory");
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await BenchHost.open({ memoryMiB: MEMORY_MIB }, signal));
  const { image, qemuHost, token, url } = host;
  const hostname = await host.createVm(); // the daemon's orderly stop ends it
  const client = opened.use(openHostApi({ baseURL: url, token }));

  const { scratch } = host.dirs;
  const sshPort = await freePort();
  const order = { qemuHost, image, memoryMiB: MEMORY_MIB, scratch, sshPort };
  const guest = opened.use(await BareGuest.prepare(order));
  await (await guest.boot(signal))[Symbol.asyncDispose](); // one session at a time: ours comes now
  const channel = opened.use(await openAgentChannel(guest.agentSocket, signal));
  const { link } = channel;
  const raw = opened.use(await RawPort.open(guest.rawSocket, link, signal));
  const user = image.defaultUser ?? "root";
  const ssh = opened.use(await SshAccess.open({ link, port: sshPort, user, scratch }, signal));
  const qga = await guestAgentIn({ link, socketPath: guest.qgaSocket }, opened, signal);
  const domain = await libvirtGuest({ host, memoryMiB: MEMORY_MIB }, opened, signal);
  if ("there" in domain) await domain.there.boot(signal);

  const all = opened.move();
  return {
    host,
    hostname,
    client,
    channel,
    raw,
    ssh,
    qga,
    domain,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function guestAgentIn(
  { link, socketPath }: { readonly link: GuestLink; readonly socketPath: string },
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Baseline<GuestAgentSocket>> {
  const why = await whyNoGuestAgent();
  if (why !== undefined) return { why };
  await installGuestAgent(link, signal);
  await startGuestAgent(link, signal);
  return { there: opened.use(await GuestAgentSocket.open(socketPath, signal)) };
}
