/**
 * `vm shell`: a terminal in a VM. The local terminal is raw meanwhile, so every key reaches the
 * guest, Ctrl-C included; Enter, `~`, `.` leaves a guest that does not answer any more.
 */

import { spawnSync } from "node:child_process";

import type { HostApi, ShellSession, TerminalSize } from "@alcove/sdk";
import { Command } from "commander";

import type { Cli } from "../cli.ts";
import { EscapeWatch } from "../escape-watch.ts";
import { parseWhole } from "../units.ts";
import { writeOut } from "../write-out.ts";
import { onVm } from "./on-vm.ts";

interface ShellFlags {
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  readonly shell?: string;
}

/** What a terminal sends for Ctrl-D: the end of piped input. */
const END_OF_INPUT = Buffer.from([0x04]);

export function vmShell(cli: Cli): Command {
  const command = new Command("shell")
    .description("open a terminal in a VM (Enter ~ . leaves)")
    .argument("<vm>")
    .option("--uid <n>", "user id; default: the guest's default user", parseWhole(0))
    .option("--gid <n>", "group id", parseWhole(0))
    .option("--cwd <path>", "working directory")
    .option("--shell <path>", "shell; default: the user's");
  return onVm(cli, command, async ({ client, hostname }) => {
    const flags = command.opts<ShellFlags>();
    await openShell(client, hostname, flags, cli.signal);
  });
}

/** This terminal becomes one in the VM, until the shell ends. */
export async function openShell(
  client: HostApi,
  hostname: string,
  { uid, gid, cwd, shell }: ShellFlags,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(shell === undefined ? {} : { shell }),
    size: terminalSize(),
  };
  await using session = await client.shell(hostname, options, signal);
  using _raw = rawTerminal();
  await attach(session, signal);
}

async function attach(session: ShellSession, signal: AbortSignal): Promise<void> {
  const spoke = Promise.withResolvers<void>();
  const onResize = (): void => session.resize(terminalSize());
  process.stdout.on("resize", onResize);
  // Input that breaks off, as when the terminal is closed, ends the session.
  void type(session, spoke.promise).catch(() => session.close());
  try {
    for await (const chunk of session.output) {
      spoke.resolve();
      await writeOut(process.stdout, chunk, signal);
    }
    await session.ended;
  } finally {
    process.stdout.off("resize", onResize);
  }
}

/**
 * Sends the keyboard, or piped input and its end, until the session or the input is over.
 * @param spoke the shell has said something: before that it would lose a Ctrl-D
 */
async function type(session: ShellSession, spoke: Promise<void>): Promise<void> {
  const escape = new EscapeWatch();
  const isTerminal = process.stdin.isTTY;
  const input: AsyncIterable<Buffer> = process.stdin;
  for await (const chunk of input) {
    const typed = isTerminal ? escape.pass(chunk) : { bytes: chunk, leave: false };
    await session.write(typed.bytes);
    if (typed.leave) return await session.close();
  }
  if (isTerminal) return;
  await spoke;
  await session.write(END_OF_INPUT);
}

/** Every way out of the process gives the terminal back: the scope's end and `exit` alike. */
function rawTerminal(): Disposable {
  const { stdin } = process;
  if (!stdin.isTTY) return { [Symbol.dispose]: () => undefined };
  const restore = (): void => void stdin.setRawMode(false);
  stdin.setRawMode(true);
  // Node's raw mode goes on turning line feeds into new lines; the guest's terminal has done that already.
  spawnSync("stty", ["-opost"], { stdio: "inherit" });
  process.once("exit", restore);
  return {
    [Symbol.dispose]() {
      process.off("exit", restore);
      restore();
    },
  };
}

function terminalSize(): TerminalSize {
  return { cols: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}
