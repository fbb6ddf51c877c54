/**
 * Memory that has a file descriptor and no place on the disk: what a template's machines map.
 *
 * Sealed, nobody can change it any more, whoever has it open and for whatever: a QEMU that was taken over
 * cannot reach its siblings through it. Node can neither make nor seal such a file, a few lines of Perl do.
 */

import { once } from "node:events";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

import { unlessAborted, within } from "#lib/patience.ts";
import { Child } from "#process/child.ts";
import { TOOL_ENV } from "#process/run.ts";

/** Memory of a fixed size, zero to begin with. Disposing it leaves it to those who have mapped it. */
export interface SharedMemory extends AsyncDisposable {
  readonly handle: FileHandle;
  /** opens it again, in this process only; every user may */
  readonly path: string;
}

/** numbers of memfd_create(2) */
const MEMFD_CREATE: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 319,
  arm64: 279,
};

/** Makes a file with MFD_CLOEXEC | MFD_ALLOW_SEALING, says its descriptor, and keeps it open until its input ends. */
const MAKE = `
$| = 1;
my ($call) = @ARGV;
my $name = "alcove-memory";
my $fd = syscall($call + 0, $name, 3);
$fd >= 0 or die "cannot make shared memory: $!\\n";
print "$fd\\n";
<STDIN>;
`;

/** fcntl F_ADD_SEALS with F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, on descriptor 3 */
const SEAL = `
open(my $memory, "+<&=", 3) or die "cannot take the memory: $!\\n";
fcntl($memory, 1033, 15) or die "cannot seal the memory: $!\\n";
`;

/** how long it may take to make or seal it, in `ms` */
const TIMEOUT_MS = 10_000;

export async function makeSharedMemory(bytes: number, signal: AbortSignal): Promise<SharedMemory> {
  signal.throwIfAborted();
  const call = MEMFD_CREATE[process.arch];
  if (call === undefined) throw new Error(`Shared memory is not made on ${process.arch} yet`);
  await using undo = new AsyncDisposableStack();
  const maker = undo.use(await perl([MAKE, String(call)], []));
  const fd = await saidBy(maker, within(TIMEOUT_MS, signal));
  const handle = await open(`/proc/${maker.pid}/fd/${fd}`, constants.O_RDWR);
  undo.use(handle);
  await handle.truncate(bytes);
  await maker[Symbol.asyncDispose]();
  undo.move();
  return {
    handle,
    path: `/proc/self/fd/${handle.fd}`,
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** From now on nobody can change it. Rejects while somebody has mapped it for writing. */
export async function sealMemory({ handle }: SharedMemory, signal: AbortSignal): Promise<void> {
  await using sealer = await perl([SEAL], [handle.fd]);
  const { exitCode, stderrTail } = await unlessAborted(sealer.ended, within(TIMEOUT_MS, signal));
  if (exitCode !== 0) throw new Error(`The memory was not sealed: ${stderrTail.trim()}`);
}

async function perl([program = "", ...args]: readonly string[], fds: readonly number[]) {
  return Child.spawn({
    file: "perl",
    args: ["-e", program, "--", ...args],
    env: TOOL_ENV,
    graceMs: 0,
    stdin: "pipe",
    stdout: "pipe",
    extraFds: fds,
  });
}

/** @returns the number that a maker says, which is its first and only word */
async function saidBy(maker: Child, signal: AbortSignal): Promise<number> {
  const failed = maker.ended.then(({ stderrTail }) => {
    throw new Error(stderrTail.trim());
  });
  if (!maker.stdout) throw new Error("invariant: the maker of memory has a pipe");
  const said = await unlessAborted(Promise.race([once(maker.stdout, "data"), failed]), signal);
  const fd = Number.parseInt(String(said[0]), 10);
  if (!Number.isSafeInteger(fd)) throw new Error("The maker of memory said no descriptor");
  return fd;
}
