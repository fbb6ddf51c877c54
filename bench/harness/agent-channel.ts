/** A session with an agent without a daemon in between, and a way to ping it that the daemon has no use for. */

import type { Socket } from "node:net";

import { unlessAborted } from "../../packages/daemon/src/lib/patience.ts";
import { runToEnd } from "../../packages/daemon/src/core/exec/run.ts";
import type { GuestLink, GuestProgram } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { AgentLink } from "../../packages/daemon/src/guest/agent-link.ts";
import { encodeFrame, FrameDecoder } from "../../packages/daemon/src/guest/frames.ts";
import { Session } from "../../packages/daemon/src/guest/session.ts";
import { connectUnixSocket } from "../../packages/daemon/src/guest/transports/unix-socket.ts";

/** as the daemon has it (`agent-dialer.ts`) */
const WINDOW_BYTES = 256 * 1024;
const TICK_MS = 1_000;

export interface AgentChannel extends AsyncDisposable {
  readonly link: GuestLink;
  /** One PING and its PONG. Nothing else may be going on in the session. */
  ping(signal: AbortSignal): Promise<void>;
}

export async function openAgentChannel(path: string, signal: AbortSignal): Promise<AgentChannel> {
  const socket = await connectUnixSocket(path, signal);
  const terms = { windowBytes: WINDOW_BYTES, now: () => new Date(), tickMs: TICK_MS };
  const link = new AgentLink(await Session.open(socket, terms, signal));
  let pings = 0;
  const ping = async (until: AbortSignal): Promise<void> => {
    const payload = Buffer.alloc(8, 0xff); // the session's own pings count up from 1
    payload.writeUInt32LE((pings += 1));
    const answer = pongOf(socket, payload, until);
    socket.write(encodeFrame("PING", 0, payload));
    await answer;
  };
  return { link, ping, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() };
}

/** Listens beside the session, which ignores a PONG that it did not ask for. */
async function pongOf(socket: Socket, payload: Buffer, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const decoder = new FrameDecoder((frame) => {
    if (frame.type === "PONG" && payload.equals(frame.payload)) resolve();
  });
  const onData = (chunk: Uint8Array): void => decoder.push(chunk);
  socket.prependListener("data", onData); // the session gives the memory back when it has read it
  try {
    await unlessAborted(promise, signal);
  } finally {
    socket.off("data", onData);
  }
}

/** Runs a program in the guest as root. @returns its standard output; rejects unless it exits with 0 */
export async function runInGuest(
  link: GuestLink,
  program: GuestProgram,
  signal: AbortSignal,
): Promise<string> {
  const process = await link.exec(
    {
      program,
      env: [],
      cwd: undefined,
      user: { uid: 0, gid: 0 },
      stdin: false,
      stdout: true,
      stderr: true,
      pty: undefined,
    },
    signal,
  );
  const { stdout, stderr, end } = await runToEnd(process, signal);
  if (end.exitCode === 0) return Buffer.from(stdout).toString();
  const said = Buffer.from(stderr).toString();
  throw new Error(`${JSON.stringify(program)} exited with ${end.exitCode} in the guest: ${said}`);
}

export function shell(command: string): GuestProgram {
  return { kind: "shell", shell: "/bin/sh", command, args: [] };
}
