/** One program running in a fake guest. */

import { constants } from "node:os";

import type {
  GuestExec,
  GuestProcess,
  ProcessEnd,
  ProcessOutput,
  TerminalSize,
} from "#core/ports/guest-link.ts";

import { Channel } from "./channel.ts";
import { absolute } from "./fake-files.ts";
import type { FakeGuest } from "./fake-guest.ts";
import { type ProgramContext, PROGRAMS } from "./fake-programs.ts";
import { runInteractive, runShell } from "./fake-shell.ts";
import { refusal } from "./refusal.ts";

/** why a program was stopped before its end */
class Killed extends Error {
  readonly signalName: string;

  constructor(signalName: string) {
    super(`ended by SIG${signalName}`);
    this.signalName = signalName;
  }
}

/** signals that end the programs of a fake guest; the others do nothing */
const DEADLY = new Set(["HUP", "INT", "QUIT", "KILL", "TERM", "PIPE", "ALRM", "USR1", "USR2"]);

/** largest piece that a program writes at once */
const PIECE_BYTES = 64 * 1024;

export class FakeProcess implements GuestProcess {
  readonly pid: number;
  readonly output: AsyncIterable<ProcessOutput>;
  readonly ended: Promise<ProcessEnd>;
  readonly #input = new Channel<Uint8Array>();
  readonly #stop = new AbortController();
  /** of its terminal, where it has one */
  #size: TerminalSize | undefined;

  private constructor(pid: number, guest: FakeGuest, request: GuestExec, main: Main) {
    this.pid = pid;
    this.#size = request.pty;
    const output = new Channel<ProcessOutput>();
    this.output = output;
    this.ended = this.#run(guest, request, main, output);
    this.ended.catch(() => undefined); // whoever asked for the end is told; nobody has to ask
  }

  /** Throws `not_found` for a program or working directory that the guest does not have. */
  static start(pid: number, guest: FakeGuest, request: GuestExec): FakeProcess {
    const { cwd } = request;
    if (cwd !== undefined && guest.files.find(absolute(cwd))?.kind !== "directory") {
      throw refusal("not_found", `The directory ${cwd} does not exist`);
    }
    return new FakeProcess(pid, guest, request, mainOf(request));
  }

  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#input.push(Uint8Array.from(bytes), signal);
  }

  endInput(): void {
    this.#input.close();
  }

  resize(size: TerminalSize): void {
    if (this.#size) this.#size = size;
  }

  kill(signal: string): void {
    if (DEADLY.has(signal)) this.#stop.abort(new Killed(signal));
  }

  cancel(): void {
    this.#stop.abort(refusal("cancelled", "The command was cancelled"));
  }

  async #run(
    guest: FakeGuest,
    request: GuestExec,
    main: Main,
    output: Channel<ProcessOutput>,
  ): Promise<ProcessEnd> {
    const signal = AbortSignal.any([this.#stop.signal, guest.boot]);
    if (!request.stdin) this.#input.close();
    const wanted = { stdout: request.stdout, stderr: request.stderr };
    const write: ProgramContext["write"] = async (stream, bytes) => {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        await guest.running(signal);
        const piece = bytes.subarray(at, at + PIECE_BYTES);
        const to = request.pty ? "stdout" : stream;
        if (wanted[to]) await output.push({ stream: to, bytes: piece }, signal);
      }
    };
    const env = environmentOf(request);
    const context = { guest, env, cwd: request.cwd ?? "/root", terminal: () => this.#size };
    const failed = new AbortController();
    signal.addEventListener("abort", () => this.#input.close(), { once: true });
    try {
      const exitCode = await main({ ...context, stdin: this.#input, write, signal });
      signal.throwIfAborted();
      output.close();
      return { exitCode, signal: undefined };
    } catch (error) {
      return ended(error, output);
    } finally {
      this.#input.close();
      failed.abort();
    }
  }
}

type Main = (context: ProgramContext) => Promise<number>;

function mainOf({ program }: GuestExec): Main {
  switch (program.kind) {
    case "argv":
      return direct(program.argv);
    case "shell":
      return (context) => runShell(program.command, program.args, context);
    case "auto":
      return PROGRAMS.has(program.command)
        ? direct([program.command])
        : (context) => runShell(program.command, [], context);
    case "login":
      return runInteractive;
    default:
      return program satisfies never;
  }
}

const SHELLS = new Set(["sh", "bash"]);

function direct(argv: readonly string[]): Main {
  const [file = "", ...args] = argv;
  const name = file.replace(/^(\/usr)?\/bin\//, "");
  if (SHELLS.has(name) && /^-l?c$/.test(args[0] ?? "")) {
    return (context) => runShell(args[1] ?? "", [], context);
  }
  const program = PROGRAMS.get(name);
  if (!program) throw refusal("not_found", `The program ${file} does not exist`);
  return (context) => program(args, context);
}

function environmentOf(request: GuestExec): ReadonlyMap<string, string> {
  const base: readonly (readonly [string, string])[] = [
    ["HOME", "/root"],
    ["USER", "root"],
    ["PATH", "/usr/bin:/bin"],
  ];
  const added = request.env.map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return new Map([...base, ...added]);
}

/** A killed program has an end like any other; a cancelled one, and one whose guest went, have none. */
function ended(error: unknown, output: Channel<ProcessOutput>): ProcessEnd {
  if (error instanceof Killed) {
    output.close();
    return { exitCode: 128 + signalNumber(error.signalName), signal: error.signalName };
  }
  output.close(error instanceof Error ? error : new Error(String(error)));
  throw error;
}

function signalNumber(name: string): number {
  return new Map<string, number>(Object.entries(constants.signals)).get(`SIG${name}`) ?? 0;
}
