/** `vm bg`: commands that go on in a VM without anybody connected. */

import { Command } from "commander";

import { type Cli, type JsonFlag, withJson } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { collect } from "../launch-options.ts";
import { printableJson, printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { humanAge, parseBytes, parseDurationMs, parseWhole } from "../units.ts";
import { writeOut } from "../write-out.ts";
import { type Target, onVm } from "./on-vm.ts";
import { type ExecFlags, commandSpec, withWhoAndWhere } from "./vm-exec.ts";

interface StartFlags extends ExecFlags, JsonFlag {
  readonly cmd?: string;
  readonly arg?: readonly string[];
  readonly ringBytes?: number;
}

interface LogFlags extends JsonFlag {
  readonly follow?: true;
  readonly fromId?: number;
}

interface KillFlags extends JsonFlag {
  readonly signal?: string;
  readonly grace?: number;
}

interface WaitFlags extends JsonFlag {
  readonly timeout?: number;
}

export function vmBg(cli: Cli): Command {
  const command = new Command("bg").description("commands that go on in a VM by themselves");
  for (const verb of [start, list, info, logs, kill, wait, remove]) command.addCommand(verb(cli));
  return command;
}

function start(cli: Cli): Command {
  const command = new Command("exec")
    .description("start a command and print its id")
    .usage("[options] <vm> -- <command...>")
    .argument("<vm>")
    .argument("[command...]")
    .option("-c, --cmd <command>", "the command, instead of words after --")
    .option("-a, --arg <word>", "a word of its command line (repeat)", collect)
    .option("--ring-bytes <size>", "how much of the newest output is kept, such as 4M", parseBytes);
  withWhoAndWhere(command, "the guest's default user");
  return onVm(cli, withJson(command), async (target) => {
    const flags = command.opts<StartFlags>();
    const { client, hostname, words } = target;
    const given = [...(flags.cmd === undefined ? [] : [flags.cmd]), ...words, ...(flags.arg ?? [])];
    const spec = {
      ...commandSpec(given, flags),
      ...(flags.ringBytes === undefined ? {} : { ringBytes: flags.ringBytes }),
    };
    const started = await client.background.start(hostname, spec, cli.signal);
    if (flags.json) cli.printJson(started);
    else cli.print(printableLine(started.exec_id));
  });
}

function list(cli: Cli): Command {
  const command = new Command("list").alias("ls").description("list them").argument("<vm>");
  return onVm(cli, withJson(command), async ({ client, hostname }) => {
    const { json } = command.opts<JsonFlag>();
    const all = await client.background.list(hostname, cli.signal);
    if (json) return cli.printJson(all);
    const now = new Date();
    const rows = all.map(({ exec_id, pid, running, exit_code: code, ...rest }) => [
      exec_id,
      String(pid),
      running ? "running" : `exited ${code ?? rest.signal ?? "?"}`,
      humanAge(rest.started_at, now),
      [rest.command, ...(rest.args ?? [])].join(" "),
    ]);
    cli.print(table(["ID", "PID", "STATE", "STARTED", "COMMAND"], rows));
  });
}

function info(cli: Cli): Command {
  const command = new Command("info").description("say all about one, as JSON");
  return onOne(cli, command, async ({ client, hostname, id }) => {
    const answer = await client.background.info(hostname, id, cli.signal);
    cli.printJson(answer);
  });
}

function logs(cli: Cli): Command {
  const command = new Command("logs")
    .description("print the output that is kept, on standard output and standard error")
    .option("-f, --follow", "go on with what comes until the command ends")
    .option("--from-id <n>", "begin with this frame", parseWhole(0));
  return onOne(cli, command, async ({ client, hostname, id }) => {
    const { follow, fromId, json } = command.opts<LogFlags>();
    const options = {
      ...(follow === undefined ? {} : { follow }),
      ...(fromId === undefined ? {} : { fromId }),
    };
    for await (const frame of client.background.logs(hostname, id, options, cli.signal)) {
      if (json) {
        const text = "bytes" in frame ? { bytes: frame.bytes.toString("base64") } : {};
        await writeOut(process.stdout, `${printableJson({ ...frame, ...text }, 0)}\n`, cli.signal);
      } else if (frame.type === "stdout" || frame.type === "stderr") {
        await writeOut(process[frame.type], frame.bytes, cli.signal);
      } else if (frame.type === "gap") {
        cli.say(`alcove: ${frame.droppedBytes} bytes of older output are gone`);
      }
    }
  });
}

function kill(cli: Cli): Command {
  const command = new Command("kill")
    .description("signal it and its children")
    .option("--signal <name>", "TERM (default), KILL, INT, HUP, QUIT, USR1 or USR2")
    .option("--grace <duration>", "after TERM: how long until KILL; default 5s", parseDurationMs);
  return onOne(cli, command, async ({ client, hostname, id }) => {
    const { signal, grace, json } = command.opts<KillFlags>();
    const how = {
      ...(signal === undefined ? {} : { signal }),
      ...(grace === undefined ? {} : { graceMs: grace }),
    };
    const answer = await client.background.kill(hostname, id, how, cli.signal);
    if (json) return cli.printJson(answer);
    const done = answer.running ? `was sent ${answer.signal_sent}` : "had ended already";
    cli.print(printableLine(`${id} ${done}`));
  });
}

function wait(cli: Cli): Command {
  const command = new Command("wait")
    .description("wait for its end, and exit as it did")
    .option("--timeout <duration>", "give up after this long; default 30s", parseDurationMs);
  return onOne(cli, command, async ({ client, hostname, id }) => {
    const { timeout, json } = command.opts<WaitFlags>();
    const seconds = timeout === undefined ? undefined : Math.max(1, Math.ceil(timeout / 1000));
    const end = await client.background.wait(hostname, id, seconds, cli.signal);
    if (json) cli.printJson(end);
    if (end.timed_out) throw new CommandError(`${printableLine(id)} still runs`, EXIT.timedOut);
    process.exitCode = end.exit_code ?? EXIT.failed;
  });
}

function remove(cli: Cli): Command {
  const command = new Command("remove").alias("rm").description("forget one that has ended");
  return onOne(cli, command, async ({ client, hostname, id }) => {
    const { json } = command.opts<JsonFlag>();
    const answer = await client.background.remove(hostname, id, cli.signal);
    if (json) cli.printJson(answer);
    else cli.print(`${printableLine(id)} removed`);
  });
}

function onOne(
  cli: Cli,
  command: Command,
  act: (target: Target & { readonly id: string }) => Promise<void>,
): Command {
  command.argument("<vm>").argument("<id>", "as `bg exec` printed it");
  return onVm(cli, withJson(command), async (target) => {
    const [id] = target.words;
    if (id === undefined) throw new UsageError("Which command? `alcove vm bg list VM` shows all");
    await act({ ...target, id });
  });
}
