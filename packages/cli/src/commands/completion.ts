/** `completion`: scripts for shells, and the hidden command that those ask. */

import type { HostApi } from "@alcove/sdk";
import { openHostApi } from "@alcove/sdk";
import { Argument, Command } from "commander";

import type { Cli } from "../cli.ts";
import { COMPLETION_SCRIPTS } from "../completion-scripts.ts";
import { type Lookup, type Suggestion, completionOf } from "../completion-words.ts";
import { type ConnectionFlags, type Environment, connectionFrom } from "../config.ts";
import { printableLine } from "../printable.ts";

/** A shell waits for it at every press of the tab key, in `ms`. */
const LOOKUP_LIMIT_MS = 1_000;
/** What a shell takes as one word without quoting. */
const PLAIN_WORD = /^[A-Za-z0-9._:/=@-]+$/;

export function completion(cli: Cli): Command {
  return new Command("completion")
    .description("print a script that completes this command's words, names of VMs included")
    .addArgument(new Argument("<shell>").choices(Object.keys(COMPLETION_SCRIPTS)))
    .addHelpText("after", `\nFor example: source <(alcove completion bash)`)
    .action((shell: keyof typeof COMPLETION_SCRIPTS) =>
      cli.print(COMPLETION_SCRIPTS[shell].trimEnd()),
    );
}

/** @param program whose commands are completed */
export function complete(cli: Cli, program: Command): Command {
  return new Command("__complete")
    .argument("[words...]")
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const { typed, lookup, words: known } = completionOf(program, words);
      const found = lookup ? await lookedUp(lookup, words, cli) : [];
      for (const [word, description] of [...known, ...found]) {
        if (!word.startsWith(typed) || !PLAIN_WORD.test(word)) continue;
        cli.print(description === "" ? word : `${word}\t${printableLine(description)}`);
      }
    });
}

/** @returns nothing when no host answers in time: a shell has no place for a failure */
async function lookedUp(
  lookup: Lookup,
  words: readonly string[],
  cli: Cli,
): Promise<readonly Suggestion[]> {
  const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(LOOKUP_LIMIT_MS)]);
  try {
    if (lookup === "executions") return await executions(words, cli, signal);
    using client = clientFor(words, cli.env);
    return await LOOKUPS[lookup](client, signal);
  } catch {
    return []; // not running, not allowed, too slow: the shell then completes file names
  }
}

const LOOKUPS: Readonly<
  Record<
    Exclude<Lookup, "executions">,
    (client: HostApi, signal: AbortSignal) => Promise<readonly Suggestion[]>
  >
> = {
  groups: async (client, signal) =>
    (await client.hostGroups(signal)).map(({ name }): Suggestion => [name, "host group"]),
  secrets: async (client, signal) =>
    (await client.secrets.list(signal)).map(({ name }): Suggestion => [name, "secret"]),
  templates: async (client, signal) =>
    (await client.native.templates(signal)).templates.map(({ id, image, vcpus }): Suggestion => [
      id,
      `${image}, ${vcpus} CPUs`,
    ]),
  vms,
  "vm paths": async (client, signal) =>
    (await vms(client, signal)).map(([name, what]): Suggestion => [`${name}:`, what]),
};

/** Host names, and the friendly names of those that have one. */
async function vms(client: HostApi, signal: AbortSignal): Promise<readonly Suggestion[]> {
  const all = await client.listVms({}, signal);
  return all.flatMap(({ hostname, status = "", tags = [] }): readonly Suggestion[] => {
    const names = tags.filter((tag) => tag.startsWith("name=")).map((tag) => tag.slice(5));
    const friendly = names.map((name): Suggestion => [name, `${hostname}, ${status}`]);
    return [[hostname, status], ...friendly];
  });
}

/** What an Aleph node tells anybody. */
async function executions(
  words: readonly string[],
  cli: Cli,
  signal: AbortSignal,
): Promise<readonly Suggestion[]> {
  const { listExecutions, stateOf } = await import("../aleph/executions.ts");
  const { anybodysNode } = await import("../aleph/node-flags.ts");
  const node = anybodysNode(cli, valueIn(words, "--node"));
  const listing = await listExecutions(node, "all", signal);
  return Array.from(listing.executions, ([hash, one]): Suggestion => [hash, stateOf(one)]);
}

function valueIn(words: readonly string[], flag: string): string | undefined {
  const at = words.lastIndexOf(flag);
  return at < 0 ? undefined : words[at + 1];
}

/** The line that is being typed may say which host. */
function clientFor(words: readonly string[], env: Environment): HostApi {
  const value = (flag: string): string | undefined => valueIn(words, flag);
  const [given, token] = [value("--url") ?? value("--api"), value("--token")];
  const tokenFile = value("--token-file");
  const flags: ConnectionFlags = {
    ...(given === undefined ? {} : { url: given }),
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  };
  const connection = connectionFrom(flags, env);
  return openHostApi({
    baseURL: connection.url,
    ...(connection.token === undefined ? {} : { token: connection.token }),
  });
}
