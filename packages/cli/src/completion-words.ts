/**
 * What can stand at the end of a command line that is being typed: read off the commands themselves,
 * so that nothing is told twice. Names of VMs and the like are left to whoever asks a host.
 */

import type { Argument, Command, Option } from "commander";

/** A word and what it is for. */
export type Suggestion = readonly [word: string, description: string];

/** What is to be looked up, beside the words that are known. */
export type Lookup = "vms" | "groups" | "secrets" | "templates" | "vm paths" | "executions";

export interface Completion {
  readonly words: readonly Suggestion[];
  readonly lookup: Lookup | undefined;
  /** beginning of the word that is being typed */
  readonly typed: string;
}

const NOTHING = { words: [], lookup: undefined };

const ARGUMENT_LOOKUPS: Readonly<Record<string, Lookup>> = {
  vm: "vms",
  group: "groups",
  secret: "secrets",
  template: "templates",
  hash: "executions",
  "vm:path": "vm paths",
  source: "vm paths",
  target: "vm paths",
};
const OPTION_LOOKUPS: Readonly<Record<string, Lookup>> = {
  "--secret": "secrets",
  "--group": "groups",
};

/** @param line the words after the program's name; the last one is being typed and may be empty */
export function completionOf(program: Command, line: readonly string[]): Completion {
  const typed = line.at(-1) ?? "";
  const place = placeAfter(program, line.slice(0, -1));
  if (!place) return { ...NOTHING, typed };
  const { command, position, waiting } = place;
  if (waiting) return { ...valuesOf(waiting), typed };
  if (typed.startsWith("-")) return { words: optionsOf(command), lookup: undefined, typed };
  const argument = argumentAt(command, position);
  const children = position === 0 ? childrenOf(command) : [];
  const values = argument?.argChoices?.map((word): Suggestion => [word, ""]) ?? [];
  const lookup = argument && ARGUMENT_LOOKUPS[argument.name()];
  return { words: [...children, ...values], lookup, typed };
}

/** Where the words before have led. */
interface Place {
  readonly command: Command;
  /** arguments of the command that stand already */
  readonly position: number;
  /** the option whose value comes next */
  readonly waiting: Option | undefined;
}

/** @returns `undefined` after `--`: what follows is another command's */
function placeAfter(program: Command, words: readonly string[]): Place | undefined {
  let place: Place = { command: program, position: 0, waiting: undefined };
  for (const word of words) {
    if (word === "--" && !place.waiting) return undefined;
    place = next(place, word);
  }
  return place;
}

function next({ command, position, waiting }: Place, word: string): Place {
  if (waiting) return { command, position, waiting: undefined };
  if (word.startsWith("-")) {
    return { command, position, waiting: optionAwaitingValue(command, word) };
  }
  const child = childOf(command, word);
  if (child) return { command: child, position: 0, waiting };
  return { command, position: position + 1, waiting };
}

function childOf(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word || one.aliases().includes(word));
}

function childrenOf(command: Command): readonly Suggestion[] {
  const shown = command.createHelp().visibleCommands(command);
  return shown.map((one) => [one.name(), one.description()]);
}

function optionsOf(command: Command): readonly Suggestion[] {
  const all = command.createHelp().visibleOptions(command);
  return all.map((one) => [one.long ?? one.short ?? "", one.description]);
}

/** @returns the option when the next word is its value */
function optionAwaitingValue(command: Command, word: string): Option | undefined {
  for (let at: Command | null = command; at; at = at.parent) {
    const option = at.options.find(({ long, short }) => long === word || short === word);
    if (option) return option.required ? option : undefined;
  }
  return undefined;
}

function valuesOf(option: Option): Pick<Completion, "words" | "lookup"> {
  const choices = option.argChoices ?? [];
  return {
    words: choices.map((word): Suggestion => [word, ""]),
    lookup: OPTION_LOOKUPS[option.long ?? ""],
  };
}

function argumentAt(command: Command, position: number): Argument | undefined {
  const { registeredArguments: all } = command;
  const last = all.at(-1);
  return all[position] ?? (last?.variadic ? last : undefined);
}
