/** Every way to run `true` in a guest and know that it has ended. */

import { runInGuest } from "../harness/agent-channel.ts";
import { alcove } from "../harness/alcove-command.ts";
import { KeepAlive } from "../harness/keep-alive.ts";
import type { Baseline } from "./libvirt-guest.ts";
import type { Scene } from "./scene.ts";

export interface Way {
  readonly name: string;
  readonly measures: string;
  /** why it cannot be gone here, one sentence; `undefined` when it can */
  readonly notRun?: string;
  once(signal: AbortSignal): Promise<unknown>;
}

export function execWays(scene: Scene, opened: DisposableStack): readonly Way[] {
  return [
    ...apiWays(scene, opened),
    commandLine(scene),
    ...bareWays(scene),
    ...sshWays(scene),
    ...guestAgentWays(scene),
  ];
}

function apiWays({ host, hostname }: Scene, opened: DisposableStack): readonly Way[] {
  const tcp = opened.use(new KeepAlive({ port: host.port }, host.token));
  const unix = opened.use(new KeepAlive({ socketPath: host.socketPath }));
  const streamed = `/vm/${hostname}/exec?cmd=true`;
  const buffered = `${streamed}&buffered=true`;
  return [
    {
      name: "API, TCP, buffered",
      measures: "one request on a connection that is kept, one JSON answer",
      once: (signal) => run(tcp, buffered, signal),
    },
    {
      name: "API, Unix socket, buffered",
      measures: "the same over the daemon's Unix socket",
      once: (signal) => run(unix, buffered, signal),
    },
    {
      name: "API, TCP, streamed",
      measures: "the same with the answer in frames, read to its end",
      once: (signal) => run(tcp, streamed, signal),
    },
  ];
}

async function run(client: KeepAlive, url: string, signal: AbortSignal): Promise<void> {
  const answer = await client.post(url, signal);
  if (!/"exit_code":0\b/.test(answer)) throw new Error(`true did not succeed: ${answer}`);
}

function commandLine({ host, hostname }: Scene): Way {
  return {
    name: "alcove vm exec",
    measures: "the command line: a Node process is started, one request, streamed",
    once: (signal) => alcove(host, ["vm", "exec", hostname, "--", "true"], signal),
  };
}

function bareWays({ channel }: Scene): readonly Way[] {
  return [
    {
      name: "bare guest, agent",
      measures: "the same exec asked of the agent directly: what the guest itself costs",
      once: (signal) => runInGuest(channel.link, { kind: "auto", command: "true" }, signal),
    },
    {
      name: "bare guest, PING",
      measures: "one frame there and back: no process, only the channel and the agent's loop",
      once: (signal) => channel.ping(signal),
    },
  ];
}

function sshWays({ ssh }: Scene): readonly Way[] {
  return [
    {
      name: "ssh, new connection",
      measures: "`ssh guest true` into the bare guest: process, TCP, keys, login, command",
      once: (signal) => ssh.fresh(signal),
    },
    {
      name: "ssh, shared connection",
      measures: "the same over a connection that stands (ControlMaster): process, session, command",
      once: (signal) => ssh.shared(signal),
    },
  ];
}

function guestAgentWays({ qga, domain }: Scene): readonly Way[] {
  return [
    baseline(
      {
        name: "QEMU guest agent",
        measures: "guest-exec and guest-exec-status to Debian's qemu-guest-agent, over its port",
      },
      qga,
      (agent, signal) => agent.exec("/bin/true", signal),
    ),
    baseline(
      {
        name: "virsh qemu-agent-command",
        measures:
          "the same by libvirt: a `virsh` for the command, and one each time it is asked for",
      },
      domain,
      (guest, signal) => guest.exec("/bin/true", [], signal),
    ),
  ];
}

function baseline<T>(
  row: Pick<Way, "name" | "measures">,
  found: Baseline<T>,
  exec: (there: T, signal: AbortSignal) => Promise<void>,
): Way {
  if ("there" in found) return { ...row, once: (signal) => exec(found.there, signal) };
  const { why } = found;
  return { ...row, notRun: why, once: () => Promise.reject(new Error(why)) };
}
