/**
 * A program in its guest: its files, and the process that serves.
 *
 * The network's own runtimes are told what to run over a vsock, in a protocol of their own; here the agent puts files
 * into any runtime and starts what the message names. All of it can be done twice.
 */

import { pause, within } from "#lib/patience.ts";

import { AlcoveError } from "../../errors.ts";
import type { GuestTarget } from "../../ports/guest-connection.ts";
import type { GuestExec, GuestLink } from "../../ports/guest-link.ts";
import { commandGuest } from "../../vm/guest-command.ts";
import { StartError } from "../execution/start-error.ts";
import type { HostFiles } from "../ports/host-files.ts";
import type { PackedFiles, ProgramOrder } from "../ports/program-room.ts";

/** where every program listens, in its guest */
export const PROGRAM_TARGET: GuestTarget = { kind: "tcp", host: "127.0.0.1", port: 8080 };

/** of code or data that is copied into a guest, in bytes; more has to come as a disk */
const MAX_COPIED_BYTES = 10_000_000;
/** how long a program may take until it listens, in `ms` */
const LISTEN_MS = 20_000;
const LISTEN_POLL_MS = 50;
/** by which the process is found again, whoever started it */
const NOTE = "aleph-program";
const ROOT = { uid: 0, gid: 0 } as const;

/** $1 the program */
const MAKE_EXECUTABLE = `[ -x "$1" ] || exec chmod a+x "$1"`;

const CAN_SERVE_ASGI = `exec python3 -c "import uvicorn"`;

/** What the program says goes where the kernel's words go: to the VM's log. */
const ON_CONSOLE = `[ -w /dev/console ] && exec >/dev/console 2>&1
exec "$@"`;

/** What is needed of an agent. */
export type ProgramGuest = Pick<GuestLink, "exec" | "copyIn" | "forward" | "startInBackground"> & {
  readonly background: Pick<GuestLink["background"], "list" | "find">;
};

/** @throws StartError when it does not come to serve */
export async function serveIn(
  link: ProgramGuest,
  order: ProgramOrder,
  files: HostFiles,
  signal: AbortSignal,
): Promise<void> {
  const before = await link.background.list(signal);
  const running = before.find(({ note, end }) => note === NOTE && end === undefined);
  const id = running?.id ?? (await start(link, order, files, signal));
  await listens(link, id, signal);
}

async function start(
  link: ProgramGuest,
  order: ProgramOrder,
  files: HostFiles,
  signal: AbortSignal,
): Promise<string> {
  const { code, data } = order;
  const isBare = code.encoding === "plain";
  const bareName = code.interface === "asgi" ? "main.py" : "executable";
  await bring(link, { ...code, what: "Program", file: `${code.mount}/${bareName}` }, files, signal);
  if (data) await bring(link, { ...data, what: "Data", file: data.mount }, files, signal);
  const program = isBare ? `${code.mount}/executable` : `${code.mount}/${code.entrypoint}`;
  const argv = code.interface === "asgi" ? asgi(code, isBare) : [program, ...code.args];
  if (code.interface === "asgi") await must(link, CAN_SERVE_ASGI, [], signal);
  else await must(link, MAKE_EXECUTABLE, [program], signal);
  const keep = { ringBytes: undefined, note: NOTE };
  const { id } = await link.startInBackground(commandFor(order, argv), keep, signal);
  return id;
}

/** What is bare is the module itself, and its entrypoint a name in it. */
function asgi(
  { entrypoint, mount, args }: ProgramOrder["code"],
  isBare: boolean,
): readonly string[] {
  const app = isBare ? `main:${entrypoint}` : entrypoint;
  const at = ["--host", "127.0.0.1", "--port", "8080", "--app-dir", mount];
  return ["python3", "-m", "uvicorn", ...at, ...args, app];
}

function commandFor({ code, variables }: ProgramOrder, argv: readonly string[]): GuestExec {
  return {
    program: { kind: "argv", argv: ["/bin/sh", "-c", ON_CONSOLE, "program", ...argv] },
    env: [
      "PYTHONPATH=/opt/packages",
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      "PORT=8080",
    ],
    cwd: code.mount,
    user: ROOT,
    stdin: false,
    stdout: true,
    stderr: true,
    pty: undefined,
  };
}

interface Brought extends PackedFiles {
  readonly what: "Program" | "Data";
  /** where it goes when it is bare */
  readonly file: string;
}

/** Copies into the guest what does not come as a disk. */
async function bring(
  link: ProgramGuest,
  { encoding, path, mount, what, file }: Brought,
  files: HostFiles,
  signal: AbortSignal,
): Promise<void> {
  if (encoding === "squashfs") return;
  const isZip = encoding === "zip";
  await must(link, `mkdir -p "$1"`, [isZip ? mount : file.replace(/\/[^/]*$/, "/")], signal);
  await using opened = await (isZip ? files.openZip(path) : files.open(path));
  if (opened.sizeBytes > MAX_COPIED_BYTES) {
    throw new StartError("FileTooLargeError", `${what} file too large to pass as an inline zip`);
  }
  const how = { user: ROOT, placement: { kind: "exact" }, unpackedSizeBytes: undefined } as const;
  const request = isZip
    ? ({ ...how, path: mount, format: "tar", mode: undefined } as const)
    : ({ ...how, path: file, format: "file", mode: what === "Program" ? 0o755 : 0o644 } as const);
  await link.copyIn(request, opened.content, signal);
}

async function must(
  link: ProgramGuest,
  script: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const complaint = await commandGuest(link, script, words, signal);
  if (complaint !== undefined) throw notInitialised(complaint);
}

async function listens(link: ProgramGuest, id: string, signal: AbortSignal): Promise<void> {
  const late = within(LISTEN_MS, signal);
  for (;;) {
    try {
      const connection = await link.forward(PROGRAM_TARGET, late);
      connection.ended.catch(() => {}); // it was only to see whether anybody is there
      connection.cancel();
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!AlcoveError.is(error, "guest_refused")) throw notInitialised("nobody listens", error);
    }
    const { end } = await link.background.find(id, signal);
    if (end) throw notInitialised(`the program ended with exit code ${end.exitCode}`);
    await pause(LISTEN_POLL_MS, signal);
  }
}

/** The node's log has the reason; callers are told in the network's words. */
function notInitialised(why: string, cause?: unknown): StartError {
  return new StartError("MicroVMFailedInitError", "", { cause: new Error(why, { cause }) });
}
