/** The `alcove` command: which verbs exist, and how the program ends. */

import { Command, CommanderError } from "commander";

import { Cli, withConnection } from "./cli.ts";
import { doctor, image, up } from "./commands/local.ts";
import { run } from "./commands/run.ts";
import { vmDelete } from "./commands/vm-delete.ts";
import { vmExec } from "./commands/vm-exec.ts";
import { vmLaunch } from "./commands/vm-launch.ts";
import { vmList } from "./commands/vm-list.ts";
import { EXIT } from "./exit-codes.ts";
import { explain } from "./failure.ts";
import { Interrupted } from "./interrupts.ts";

/** Commands whose exit status belongs to the guest's command. */
const GUEST_STATUS = new Set(["run", "exec"]);

function programFor(cli: Cli): Command {
  const vm = new Command("vm").alias("v").description("virtual machines");
  for (const verb of [vmLaunch, vmList, vmExec, vmDelete]) vm.addCommand(verb(cli));
  return withConnection(new Command("alcove"))
    .description("Run microVMs on your own machine")
    .enablePositionalOptions()
    .addCommand(up(cli))
    .addCommand(doctor(cli))
    .addCommand(run(cli))
    .addCommand(vm)
    .addCommand(image(cli))
    .addCommand(vmList(cli).name("ls").alias("list"), { hidden: true });
}

async function main(): Promise<number> {
  const cli = new Cli(process.env);
  const program = programFor(cli);
  let current = program;
  program.hook("preAction", (_, action) => void (current = action));
  forEachCommand(program, (command) =>
    command.exitOverride().showHelpAfterError("(add --help for help)"),
  );
  try {
    await program.parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const reason: unknown = cli.signal.aborted ? cli.signal.reason : error;
    if (reason instanceof Interrupted) return reason.exitCode;
    cli.sayFailure(error, current.opts()["json"] === true);
    return GUEST_STATUS.has(current.name()) ? EXIT.guestCommandNotRun : explain(error).exitCode;
  }
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

// Standard input may still be open, and would keep the process alive for nothing.
process.exit(await main());
