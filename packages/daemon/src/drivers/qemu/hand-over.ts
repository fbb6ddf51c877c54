/**
 * Gives a running QEMU a file that it could not open by itself: the descriptor goes along with a command,
 * over the control connection.
 *
 * Node cannot send descriptors, but a program that inherits the connection can: a few lines of Perl. The
 * answer comes to whoever reads the connection, which is us.
 */

import type { FileHandle } from "node:fs/promises";
import type { Socket } from "node:net";

import { unlessAborted, within } from "#lib/patience.ts";
import { Child } from "#process/child.ts";
import { TOOL_ENV } from "#process/run.ts";

/** numbers of sendmsg(2) */
const SENDMSG: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 46, arm64: 211 };

/** Sends a line over descriptor 3, with descriptor 4 (SCM_RIGHTS). All numbers are for 64 bits. */
const SEND = `
my ($call, $line) = @ARGV;
my $rights = pack("Q l l l x4", 20, 1, 1, 4);
my $piece = pack("P Q", $line, length($line));
my $message = pack("Q Q P Q P Q Q", 0, 0, $piece, 1, $rights, length($rights), 0);
my $sent = syscall($call + 0, 3, $message, 0);
$sent == length($line) or die "cannot send the descriptor: $!\\n";
`;

/** how long it may take, in `ms` */
const TIMEOUT_MS = 10_000;

/** @param line is sent whole or not at all */
export async function sendWithDescriptor(
  line: string,
  file: FileHandle,
  socket: Socket,
  signal: AbortSignal,
): Promise<void> {
  const call = SENDMSG[process.arch];
  if (call === undefined) throw new Error(`Descriptors are not sent on ${process.arch} yet`);
  await using sender = await Child.spawn({
    file: "perl",
    args: ["-e", SEND, "--", String(call), line],
    env: TOOL_ENV,
    graceMs: 0,
    extraFds: [socket, file.fd],
  });
  socket.resume(); // lending it to a child stops the reading
  const { exitCode, stderrTail } = await unlessAborted(sender.ended, within(TIMEOUT_MS, signal));
  if (exitCode !== 0) throw new Error(`QEMU was not given a file: ${stderrTail.trim()}`);
}
