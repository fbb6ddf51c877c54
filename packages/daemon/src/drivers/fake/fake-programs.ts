/** The programs installed in a fake guest: a handful, enough to tell streams and exit codes apart. */

import type { TerminalSize } from "#core/ports/guest-link.ts";
import { pause } from "#lib/patience.ts";

import { absolute } from "./fake-files.ts";
import type { FakeGuest } from "./fake-guest.ts";

/** What a running program sees. */
export interface ProgramContext {
  readonly guest: FakeGuest;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** resolves once there is room for more */
  readonly write: (stream: "stdout" | "stderr", bytes: Uint8Array) => Promise<void>;
  /** the size of its terminal, where it has one */
  readonly terminal?: () => TerminalSize | undefined;
  /** aborts when the program is killed */
  readonly signal: AbortSignal;
}

export type Program = (args: readonly string[], context: ProgramContext) => Promise<number>;

export const NOT_FOUND_EXIT = 127;

/** longest sequence `seq` prints at once, `lines` */
const SEQ_BATCH = 4096;

/** each look at it is a draw from the random source */
const RANDOM = "/proc/sys/kernel/random/uuid";

export const PROGRAMS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ["true", async () => 0],
  ["false", async () => 1],
  ["echo", async (args, context) => say(context, `${args.join(" ")}\n`)],
  [
    "printf",
    async ([format = ""], context) => say(context, format.replaceAll(String.raw`\n`, "\n")),
  ],
  ["cat", cat],
  ["sleep", sleep],
  ["seq", seq],
  ["env", async (_, context) => say(context, environment(context))],
  ["stty", stty],
  ["pwd", async (_, context) => say(context, `${context.cwd}\n`)],
  ["hostname", async (_, context) => say(context, `${context.guest.hostname}\n`)],
  ["whoami", async (_, context) => say(context, `${context.env.get("USER") ?? "root"}\n`)],
]);

export async function say(context: ProgramContext, text: string): Promise<number> {
  await context.write("stdout", Buffer.from(text));
  return 0;
}

export async function complain(
  context: ProgramContext,
  text: string,
  exitCode = 1,
): Promise<number> {
  await context.write("stderr", Buffer.from(`${text}\n`));
  return exitCode;
}

async function cat(args: readonly string[], context: ProgramContext): Promise<number> {
  if (args.length === 0) {
    for await (const chunk of context.stdin) await context.write("stdout", chunk);
    return 0;
  }
  let exitCode = 0;
  for (const name of args) {
    if (name === RANDOM) {
      await say(context, `${context.guest.random.uuid()}\n`);
      continue;
    }
    const entry = context.guest.files.find(absolute(name));
    if (entry?.kind === "file") await context.write("stdout", entry.content);
    else exitCode = await complain(context, `cat: ${name}: No such file`);
  }
  return exitCode;
}

/** Knows only `stty size`. */
async function stty([what]: readonly string[], context: ProgramContext): Promise<number> {
  const size = context.terminal?.();
  if (what !== "size" || !size) return complain(context, "stty: standard input is no terminal");
  return say(context, `${size.rows} ${size.cols}\n`);
}

async function sleep([seconds]: readonly string[], context: ProgramContext): Promise<number> {
  const ms = Number(seconds) * 1000;
  if (!Number.isFinite(ms) || ms < 0) return complain(context, "sleep: needs a number of seconds");
  await pause(Math.min(ms, 2 ** 31 - 1), context.signal);
  return 0;
}

async function seq([last]: readonly string[], context: ProgramContext): Promise<number> {
  const count = Number(last);
  if (!Number.isSafeInteger(count)) return complain(context, "seq: needs one whole number");
  for (let from = 1; from <= count; from += SEQ_BATCH) {
    const size = Math.min(SEQ_BATCH, count - from + 1);
    const lines = Array.from({ length: size }, (_, index) => `${from + index}\n`);
    await say(context, lines.join(""));
  }
  return 0;
}

function environment(context: ProgramContext): string {
  return [...context.env].map(([name, value]) => `${name}=${value}\n`).join("");
}
