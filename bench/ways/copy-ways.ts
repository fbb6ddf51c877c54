/** Every way to bring one large file into a guest and out of it again. */

import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";

import { runInGuest } from "../harness/agent-channel.ts";
import { alcove } from "../harness/alcove-command.ts";
import { timed } from "../harness/stopwatch.ts";
import type { Scene } from "./scene.ts";

/** One file of the host, of random bytes. */
export interface Cargo {
  readonly file: string;
  readonly bytes: number;
}

export interface CopyWay {
  readonly name: string;
  readonly measuresIn: string;
  readonly measuresOut: string;
  /** @returns `ms` */
  into(cargo: Cargo, signal: AbortSignal): Promise<number>;
  /** Takes what `into` brought. @param file where it goes on the host @returns `ms` */
  out(cargo: Cargo, file: string, signal: AbortSignal): Promise<number>;
  /** what lies in the guest afterwards; `undefined` when nothing does */
  readonly leaves: string | undefined;
}

const root = { uid: 0, gid: 0 } as const;

export function copyWays(scene: Scene): readonly CopyWay[] {
  return [
    overApi(scene),
    byCommandLine(scene),
    byAgent(scene, { name: "bare guest, agent, disk", target: "/var/tmp/agent" }),
    byAgent(scene, { name: "bare guest, agent, tmpfs", target: "/dev/shm/agent" }),
    throughPort(scene),
    byScp(scene),
  ];
}

/** @returns a copy way's row names */
export function rowsOf(way: CopyWay): readonly [into: string, out: string] {
  return [`in: ${way.name}`, `out: ${way.name}`];
}

function overApi({ client, hostname }: Scene): CopyWay {
  const target = "/var/tmp/api";
  return {
    name: "API, TCP",
    measuresIn:
      "POST of the file as it is read, until the answer: it is in its place on the guest's disk",
    measuresOut: "GET, until the last byte is in a file of the host",
    leaves: target,
    into: ({ file }, signal) =>
      timed(() =>
        client.copyIn(
          hostname,
          { path: target, mode: "binary", ...root },
          createReadStream(file),
          signal,
        ),
      ),
    out: (_, file, signal) =>
      timed(async () => {
        const copy = await client.copyOut(hostname, { path: target, mode: "binary" }, signal);
        await pipeline(copy.content, createWriteStream(file), { signal });
      }),
  };
}

function byCommandLine({ host, hostname }: Scene): CopyWay {
  const target = "/var/tmp/cli";
  const copy = (from: string, to: string, signal: AbortSignal) =>
    timed(() => alcove(host, ["vm", "cp", from, to], signal));
  return {
    name: "alcove vm cp",
    measuresIn: "the same by the command line, the start of its process included",
    measuresOut: "the same by the command line",
    leaves: target,
    into: ({ file }, signal) => copy(file, `${hostname}:${target}`, signal),
    out: (_, file, signal) => copy(`${hostname}:${target}`, file, signal),
  };
}

function byAgent({ channel }: Scene, way: { name: string; target: string }): CopyWay {
  const { name, target } = way;
  const { link } = channel;
  const isDisk = !target.startsWith("/dev/shm/");
  return {
    name,
    measuresIn: isDisk
      ? "the same frames without a daemon, onto the guest's disk"
      : "the same frames without a daemon or a disk: what framing and agent carry",
    measuresOut: isDisk ? "from the guest's disk (its page cache)" : "from the guest's memory",
    leaves: target,
    into: ({ file }, signal) =>
      timed(() =>
        link.copyIn(
          {
            path: target,
            format: "file",
            user: root,
            mode: undefined,
            placement: { kind: "exact" },
            unpackedSizeBytes: undefined,
          },
          createReadStream(file),
          signal,
        ),
      ),
    out: (_, file, signal) =>
      timed(async () => {
        const request = { path: target, format: "file", user: root, exclude: [] } as const;
        const source = await link.copyOut(request, signal);
        await pipeline(source.content, createWriteStream(file), { signal });
      }),
  };
}

function throughPort({ raw }: Scene): CopyWay {
  return {
    name: "bare guest, raw port",
    measuresIn:
      "zeros into a serial port that `dd` reads to /dev/null: no agent, no frames, no files",
    measuresOut: "zeros that `dd` writes into that port, thrown away on the host",
    leaves: undefined,
    into: ({ bytes }, signal) => raw.copyIn(bytes, signal),
    out: ({ bytes }, _, signal) => raw.copyOut(bytes, signal),
  };
}

function byScp({ ssh }: Scene): CopyWay {
  const target = "/var/tmp/scp";
  return {
    name: "scp",
    measuresIn: "`scp` into the bare guest: process, login, its cipher in an emulated processor",
    measuresOut: "`scp` out of it",
    leaves: target,
    into: ({ file }, signal) => timed(() => ssh.copyIn(file, target, signal)),
    out: (_, file, signal) => timed(() => ssh.copyOut(target, file, signal)),
  };
}

/** Removes what a way left and writes everything to the guests' disks, so that the next one starts even. */
export async function settle(
  { client, hostname, channel }: Scene,
  signal: AbortSignal,
): Promise<void> {
  const command = "rm -f /var/tmp/* /dev/shm/agent; sync";
  const program = { kind: "shell", shell: "/bin/sh", command, args: [] } as const;
  await runInGuest(channel.link, program, signal);
  const end = await client.exec(hostname, { cmd: command, shell: "/bin/sh" }, signal);
  if (end.exitCode !== 0) throw new Error(`settling failed: ${end.stderr.toString()}`);
}
