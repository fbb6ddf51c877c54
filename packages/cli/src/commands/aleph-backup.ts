/** `aleph backup`: copies of a VM's disks, made by the node, kept there for a day, fetched and brought back. */

import { Command } from "commander";

import {
  type Backup,
  diskForm,
  fetchBackup,
  findBackup,
  finishedBackup,
  orderBackup,
  removeBackup,
} from "../aleph/backups.ts";
import { demandHash, vmHashes } from "../aleph/hashes.ts";
import type { NodeClient, NodeRequest } from "../aleph/node-client.ts";
import { onNode } from "../aleph/node-flags.ts";
import type { Cli, JsonFlag } from "../cli.ts";
import { UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { humanBytes } from "../units.ts";

interface CreateFlags extends JsonFlag {
  readonly volumes?: true;
  /** `false`: the guest is not asked to hold its file systems still */
  readonly freeze: boolean;
  /** `false`: leave when it is under way */
  readonly wait: boolean;
}

export function alephBackup(cli: Cli): Command {
  return new Command("backup")
    .description("copies of a VM's disks")
    .addCommand(create(cli))
    .addCommand(show(cli))
    .addCommand(fetch(cli))
    .addCommand(remove(cli))
    .addCommand(restore(cli));
}

function create(cli: Cli): Command {
  const command = new Command("create")
    .description("make one of a VM that runs, unless there is one of the last day; prints its id")
    .argument("<hash>")
    .option("--volumes", "also of its data volumes")
    .option("--no-freeze", "do not ask the guest to hold its file systems still")
    .option("--no-wait", "return when it is under way");
  return onNode(cli, command, async ({ node, words }) => {
    const flags = command.opts<CreateFlags>();
    const hash = await theVm(node, words, cli.signal);
    using progress = cli.progress("Making a backup");
    const order = { volumes: flags.volumes === true, freeze: flags.freeze };
    const made = await orderBackup(node, hash, order, cli.signal);
    const backup = made ?? (flags.wait ? await finishedBackup(node, hash, cli.signal) : undefined);
    progress[Symbol.dispose]();
    tell(cli, backup, flags);
  });
}

function show(cli: Cli): Command {
  const command = new Command("show").description("show the one there is").argument("<hash>");
  return onNode(cli, command, async ({ node, words }) => {
    const backup = await findBackup(node, await theVm(node, words, cli.signal), cli.signal);
    const flags = command.opts<JsonFlag>();
    if (!backup || flags.json) return tell(cli, backup, flags);
    const rows = [
      ["size", humanBytes(backup.size)],
      ["disks", (backup.volumes ?? []).join(", ")],
      ["until", backup.expires_at],
      ["checksum", backup.checksum],
    ];
    cli.print(table(["backup", backup.backup_id], rows));
  });
}

function fetch(cli: Cli): Command {
  const command = new Command("fetch")
    .description("fetch the one there is, as a tar file of qcow2 disks; prints the file's name")
    .argument("<hash>")
    .argument("[path]", "default: its id and .tar");
  return onNode(cli, command, async ({ node, words }) => {
    const hash = await theVm(node, words, cli.signal);
    const backup = await finishedBackup(node, hash, cli.signal);
    const target = words[1] ?? fileNameOf(backup);
    let bytes = 0;
    const share = (): string => `${humanBytes(bytes)} of ${humanBytes(backup.size)}`;
    using progress = cli.progress("Fetching", share);
    const onBytes = (count: number): void => void (bytes += count);
    await fetchBackup(node, { backup, target, onBytes }, cli.signal);
    progress[Symbol.dispose]();
    if (command.opts<JsonFlag>().json) cli.printJson({ ...backup, file: target });
    else cli.print(printableLine(target));
  });
}

function remove(cli: Cli): Command {
  const command = new Command("rm")
    .alias("remove")
    .alias("delete")
    .description("remove the one there is")
    .argument("<hash>")
    .argument("[id]", "only if it is this one");
  return onNode(cli, command, async ({ node, words }) => {
    const hash = await theVm(node, words, cli.signal);
    const id = words[1] ?? (await finishedBackup(node, hash, cli.signal)).backup_id;
    await removeBackup(node, hash, id, cli.signal);
    if (command.opts<JsonFlag>().json) cli.printJson({ backup_id: id, removed: true });
    else cli.print(`${printableLine(id)} removed`);
  });
}

function restore(cli: Cli): Command {
  const command = new Command("restore")
    .description("replace a VM's root disk and start the VM with it")
    .argument("<hash>")
    .argument("[path]", "a qcow2 disk, such as rootfs.qcow2 of a backup")
    .option("--ref <hash>", "a file of the node's store, in place of one that is sent");
  return onNode(cli, command, async ({ node, words }) => {
    const { ref } = command.opts<{ ref?: string }>();
    const path = words[1];
    if ((path === undefined) === (ref === undefined))
      throw new UsageError("Name either the file that is sent, or one of the node with --ref");
    const hash = await theVm(node, words, cli.signal);
    const answer =
      path === undefined
        ? await ask(node, hash, { json: { volume_ref: demandHash(ref ?? "") } }, cli)
        : await send(node, hash, path, cli);
    if (command.opts<JsonFlag>().json) cli.printJson(answer);
    else cli.print(`${hash}: restored`);
  });
}

async function send(node: NodeClient, hash: string, path: string, cli: Cli): Promise<unknown> {
  const { upload, counted, sizeBytes } = diskForm(path, cli.signal);
  const share = (): string => `${humanBytes(counted.sentBytes)} of ${humanBytes(sizeBytes)}`;
  using _progress = cli.progress("Sending the disk", share);
  return await ask(node, hash, { upload }, cli);
}

async function ask(
  node: NodeClient,
  hash: string,
  disk: Pick<NodeRequest, "json" | "upload">,
  cli: Cli,
): Promise<unknown> {
  const path = `/control/machine/${hash}/restore`;
  return await node.askJson({ method: "POST", path, audience: "owner", ...disk }, cli.signal);
}

async function theVm(
  node: NodeClient,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const [hash = ""] = await vmHashes(node, words.slice(0, 1), signal);
  return hash;
}

function tell(cli: Cli, backup: Backup | undefined, { json }: JsonFlag): void {
  if (json) cli.printJson(backup ?? { status: "in_progress" });
  else if (backup) cli.print(printableLine(backup.backup_id));
  else cli.say("It is being made; `alcove aleph backup show` says when it is there.");
}

/** The node chose the id: nothing but a plain name may come of it. */
function fileNameOf({ backup_id: id }: Backup): string {
  if (/^[A-Za-z0-9_-]+$/.test(id)) return `${id}.tar`;
  throw new UsageError("The backup's id is no file name; say where it is to go");
}
