/** The `alcove` command: which verbs exist, and how the program ends. */

import { Command, CommanderError } from "commander";

import { Cli, withConnection } from "./cli.ts";
import { aleph } from "./commands/aleph.ts";
import { complete, completion } from "./commands/completion.ts";
import { doctor, up } from "./commands/local.ts";
import { HOST_VERBS } from "./commands/host.ts";
import { newConfiguration } from "./commands/new.ts";
import { run } from "./commands/run.ts";
import { STOCK_VERBS } from "./commands/stock.ts";
import { vm, vmShortcuts } from "./commands/vm.ts";
import { EXIT } from "./exit-codes.ts";
import { explain } from "./failure.ts";
import { Interrupted } from "./interrupts.ts";
import { CLI_VERSION } from "./version.ts";
import { flushed } from "./write-out.ts";

/** Commands whose exit status belongs to the guest's command. */
const GUEST_STATUS = new Set(["run", "exec"]);

const HELP_HINT = "(add --help for help)";
/** Without the dashes a flag of the guest's command is taken for one of ours. */
const GUEST_COMMAND_HINT =
  "(write -- before the command, so that its flags stay its own; add --help before that for help)";

async function programFor(cli: Cli): Promise<Command> {
  const program = withConnection(new Command("alcove"))
    .description("Run microVMs on your own machine")
    .enablePositionalOptions();
  const verbs = [up, newConfiguration, doctor, run, vm, ...STOCK_VERBS];
  for (const verb of verbs) program.addCommand(verb(cli));
  program.addCommand(await aleph(cli, process.argv));
  for (const verb of HOST_VERBS) program.addCommand(verb(cli));
  for (const command of vmShortcuts(cli)) program.addCommand(command);
  return program
    .addCommand(completion(cli))
    .addCommand(complete(cli, program), { hidden: true })
    .version(CLI_VERSION, "-V, --version", "print the version");
}

/** @returns the exit status, once all output has left */
export async function main(): Promise<number> {
  const status = await runCommand(new Cli(process.env));
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  return status;
}

async function runCommand(cli: Cli): Promise<number> {
  const program = await programFor(cli);
  let current = program;
  program.hook("preAction", (_, action) => void (current = action));
  forEachCommand(program, (command) =>
    command
      .exitOverride()
      .showHelpAfterError(GUEST_STATUS.has(command.name()) ? GUEST_COMMAND_HINT : HELP_HINT),
  );
  try {
    await program.parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const reason: unknown = cli.signal.aborted ? cli.signal.reason : error;
    if (reason instanceof Interrupted) return reason.exitCode;
    cli.sayFailure(error, current.opts()["json"] === true);
    const { exitCode, code } = explain(error);
    // A wrong command line is told from a command that was to run and did not.
    return isGuestStatus(current) && code !== "usage" ? EXIT.guestCommandNotRun : exitCode;
  }
}

/** A command in the background does not end with its start: that has a status of its own. */
function isGuestStatus(command: Command): boolean {
  return GUEST_STATUS.has(command.name()) && command.parent?.name() !== "bg";
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}
