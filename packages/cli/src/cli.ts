/**
 * What every command is given: the terminal, the environment, the way to a host, and the signal that
 * Ctrl-C aborts.
 */

import { AlcoveClient, type HostAddress, type HostApi, openHostApi } from "@alcove/sdk";
import { type Command, Option } from "commander";
import picocolors from "picocolors";

import { type ConnectionFlags, type Environment, connectionFrom, wantsColour } from "./config.ts";
import { explain } from "./failure.ts";
import { Interrupts } from "./interrupts.ts";
import { printableJson } from "./printable.ts";
import { Progress } from "./progress.ts";
import { CLI_VERSION } from "./version.ts";

export interface JsonFlag {
  readonly json?: boolean;
}

export class Cli {
  readonly env: Environment;
  readonly interrupts: Interrupts;
  readonly colours: ReturnType<typeof picocolors.createColors>;
  /** where the last client went, for words about a failure */
  #endpoint: string | undefined;
  readonly #errorColours: ReturnType<typeof picocolors.createColors>;

  constructor(env: Environment) {
    this.env = env;
    this.interrupts = Interrupts.install((text) => this.say(text));
    this.colours = picocolors.createColors(wantsColour(env, process.stdout.isTTY));
    this.#errorColours = picocolors.createColors(wantsColour(env, process.stderr.isTTY));
  }

  get signal(): AbortSignal {
    return this.interrupts.signal;
  }

  /** The API of the host that the command's flags and the environment name. */
  client(command: Command): HostApi<Buffer> {
    return openHostApi(this.#address(command));
  }

  /** The same host, for what only the SDK's own client does. */
  sdkClient(command: Command): AlcoveClient {
    return new AlcoveClient(this.#address(command));
  }

  #address(command: Command): HostAddress {
    const { url, token } = connectionFrom(flagsOf<ConnectionFlags>(command), this.env);
    const userAgent = `alcove-cli/${CLI_VERSION}`;
    this.#endpoint = url;
    return { baseURL: url, userAgent, ...(token === undefined ? {} : { token }) };
  }

  /** One line of result, on standard output. */
  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  printJson(value: unknown): void {
    this.print(printableJson(value, 2));
  }

  /** One line about the work, on standard error. */
  say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  sayFailure(error: unknown, asJson: boolean): void {
    const { message, advice, code } = explain(error, this.#endpoint);
    if (asJson) {
      this.say(
        printableJson({ error: message, code, ...(advice === undefined ? {} : { advice }) }, 0),
      );
      return;
    }
    this.say(`${this.#errorColours.red("alcove:")} ${message}`);
    if (advice !== undefined) this.say(this.#errorColours.dim(`  ${advice}`));
  }

  /** @param detail what changes meanwhile, such as a count */
  progress(title: string, detail: () => string = () => ""): Progress {
    return new Progress(process.stderr, title, detail);
  }
}

/** Flags may stand before or after the command's name; the nearer ones win. */
export function flagsOf<Flags extends object>(command: Command): Partial<Flags> {
  let flags: Partial<Flags> = {};
  for (let at: Command | null = command; at; at = at.parent) {
    flags = { ...at.opts<Partial<Flags>>(), ...flags };
  }
  return flags;
}

/** Adds the flags that say where the host is. */
export function withConnection(command: Command): Command {
  return command
    .option("--url <url>", "the daemon's URL or Unix socket")
    .addOption(new Option("--api <url>", "same as --url").hideHelp())
    .option("--token <token>", "bearer token (visible in `ps`; prefer --token-file)")
    .option("--token-file <path>", "file that holds the bearer token");
}

export function withJson(command: Command): Command {
  return command.option("--json", "print JSON");
}
