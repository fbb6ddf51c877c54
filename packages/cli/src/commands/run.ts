/**
 * `run`: a VM for one command. Launches it, runs the command with this terminal's streams, and
 * deletes the VM whatever happens; the command's exit status becomes this one's.
 */

import { randomUUID } from "node:crypto";

import { AlcoveApiError, type HostApi } from "@alcove/sdk";
import { Command } from "commander";

import { type Cli, withConnection } from "../cli.ts";
import { runInGuest } from "../guest-command.ts";
import { chooseGroup } from "../host-group.ts";
import { type LaunchFlags, vmSpecFrom, withLaunchFlags } from "../launch-options.ts";
import { printableLine } from "../printable.ts";
import { settled } from "../settled.ts";
import { type ExecFlags, execSpec, withExecFlags } from "./vm-exec.ts";

interface Flags extends LaunchFlags, ExecFlags {
  readonly group?: string;
}

/** How long a delete may take before the user is told to do it, in `ms`. */
const DELETE_LIMIT_MS = 30_000;
/** Between two looks for a VM whose create was interrupted, in `ms`. */
const LOOK_AGAIN_MS = 200;

export function run(cli: Cli): Command {
  const command = new Command("run")
    .description("launch a VM, run a command in it, delete the VM, exit as the command did")
    .usage("[options] -- <command...>")
    .argument("<command...>")
    .option("--group <name>", "host group; default: the only one")
    .passThroughOptions();
  return withConnection(withExecFlags(withLaunchFlags(command))).action(
    async (words: string[], flags: Flags, self: Command) => {
      using client = cli.client(self);
      const spec = execSpec(words, flags);
      await using vm = await TransientVm.launch(cli, client, flags);
      process.exitCode = await runInGuest(client, vm.hostname, spec, cli.signal);
    },
  );
}

/** A VM that is gone when its scope ends. */
class TransientVm implements AsyncDisposable {
  readonly hostname: string;
  readonly #cli: Cli;
  readonly #client: HostApi;
  readonly #group: string;

  private constructor(cli: Cli, client: HostApi, group: string, hostname: string) {
    this.#cli = cli;
    this.#client = client;
    this.#group = group;
    this.hostname = hostname;
    cli.interrupts.mayRemain(remains(hostname));
  }

  /**
   * Resolves when the VM's agent answers. An interruption does not abort the create, whose VM would
   * then stay unnoticed: the VM is found by its tag and deleted, and so the create ends.
   */
  static async launch(cli: Cli, client: HostApi, flags: Flags): Promise<TransientVm> {
    const tag = `alcove-run=${randomUUID()}`;
    const vmSpec = vmSpecFrom(flags, [tag]);
    using _progress = cli.progress("Launching a VM");
    const group = await chooseGroup(client, flags.group, cli.signal);
    const mayRemain = `A VM with the tag ${tag} may remain; see \`alcove vm list --tag ${tag}\`.`;
    cli.interrupts.mayRemain(mayRemain);
    const options = {
      wait: "agent",
      ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
    } as const;
    const create = client.createVm(group, vmSpec, options, new AbortController().signal);
    if ((await settled(create, cli.signal)) === "aborted") {
      await deleteTagged(client, tag, create).catch((error: unknown) => {
        cli.say(mayRemain);
        throw error;
      });
      cli.signal.throwIfAborted();
    }
    return new TransientVm(cli, client, group, (await create).hostname);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _progress = this.#cli.progress(`Deleting ${printableLine(this.hostname)}`);
    const limit = AbortSignal.timeout(DELETE_LIMIT_MS);
    try {
      await this.#client.deleteVm(this.#group, this.hostname, limit);
    } catch (error) {
      // A guest that ended by itself is gone already.
      if (!(error instanceof AlcoveApiError && error.status === 404)) {
        this.#cli.say(remains(this.hostname));
        throw error;
      }
    }
    this.#cli.interrupts.mayRemain(undefined);
  }
}

/** Deletes the VM of a create that is still under way, and waits for the create to end. */
async function deleteTagged(client: HostApi, tag: string, create: Promise<unknown>): Promise<void> {
  const limit = AbortSignal.timeout(DELETE_LIMIT_MS);
  let pending = true;
  while (pending) {
    limit.throwIfAborted();
    pending = (await settled(create, AbortSignal.timeout(LOOK_AGAIN_MS))) === "aborted";
    for (const { hostgroup, hostname } of await client.listVms({ tag }, limit)) {
      await client.deleteVm(hostgroup, hostname, limit);
    }
  }
}

function remains(hostname: string): string {
  const name = printableLine(hostname);
  return `The VM ${name} may still be there; remove it with \`alcove vm delete ${name}\`.`;
}
