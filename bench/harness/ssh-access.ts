/**
 * ssh into a bare guest: a key, the guest's own sshd with fresh host keys, and a standing
 * connection that further commands can share.
 *
 * OpenSSH as it comes: no cipher or compression is chosen, no agent and no user configuration used.
 */

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";

import {
  macAddress,
  userGuestNetwork,
} from "../../packages/daemon/src/core/network/user-network.ts";
import type { GuestLink } from "../../packages/daemon/src/core/ports/guest-link.ts";
import { retry, within } from "../../packages/daemon/src/lib/patience.ts";
import { runCommand } from "../../scripts/command.ts";
import { runInGuest, shell } from "./agent-channel.ts";
import { BARE_SLOT } from "./bare-guest.ts";

const ENTROPY_BYTES = 64;
const READY_MS = 60_000;
const RETRY_EVERY_MS = 250;

export interface SshOrder {
  readonly link: GuestLink;
  /** port of 127.0.0.1 that leads to the guest's port 22 */
  readonly port: number;
  /** the guest's ordinary user, who gets the key */
  readonly user: string;
  /** directory for the key and the control socket; its path is short */
  readonly scratch: string;
}

export class SshAccess implements AsyncDisposable {
  readonly #options: readonly string[];
  readonly #target: string;
  readonly #port: number;
  readonly #scratch: string;

  static async open(order: SshOrder, signal: AbortSignal): Promise<SshAccess> {
    const { link, port, user, scratch } = order;
    const key = path.join(scratch, "key");
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], scratch, signal);
    const publicKey = (await readFile(`${key}.pub`, "utf8")).trim();
    await link.configure(
      {
        hostname: "bench",
        machineId: randomBytes(16).toString("hex"),
        network: userGuestNetwork(BARE_SLOT, macAddress("bench")),
        time: new Date(),
        entropy: randomBytes(ENTROPY_BYTES),
        growRoot: false,
        sshKeys: [publicKey],
        userdata: undefined,
      },
      signal,
    );
    // An image has no host keys: each guest makes its own. sshd insists on its directory.
    const start = "mkdir -p /run/sshd && ssh-keygen -A && /usr/sbin/sshd";
    await runInGuest(link, shell(start), signal);
    const ssh = new SshAccess(port, user, scratch);
    await retry(() => ssh.fresh(signal), within(READY_MS, signal), RETRY_EVERY_MS);
    await ssh.#share(signal);
    return ssh;
  }

  private constructor(port: number, user: string, scratch: string) {
    this.#port = port;
    this.#scratch = scratch;
    this.#target = `${user}@127.0.0.1`;
    const settings = [
      "BatchMode=yes",
      "IdentitiesOnly=yes",
      "LogLevel=ERROR",
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
    ];
    const key = path.join(scratch, "key");
    this.#options = ["-F", "none", "-i", key, ...settings.flatMap(option)];
  }

  /** `ssh guest true` with a connection of its own. */
  fresh(signal: AbortSignal): Promise<void> {
    return this.#ssh([...this.#options, this.#target, "true"], signal);
  }

  /** `ssh guest true` over the standing connection. */
  shared(signal: AbortSignal): Promise<void> {
    return this.#ssh([...this.#options, ...this.#control, this.#target, "true"], signal);
  }

  copyIn(file: string, pathInGuest: string, signal: AbortSignal): Promise<void> {
    return this.#scp([file, `${this.#target}:${pathInGuest}`], signal);
  }

  copyOut(pathInGuest: string, file: string, signal: AbortSignal): Promise<void> {
    return this.#scp([`${this.#target}:${pathInGuest}`, file], signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const never = new AbortController().signal;
    await this.#ssh([...this.#options, ...this.#control, "-O", "exit", this.#target], never);
  }

  get #control(): readonly string[] {
    return option(`ControlPath=${path.join(this.#scratch, "control")}`);
  }

  /** Opens the standing connection; with `-f` the command returns once it stands. */
  #share(signal: AbortSignal): Promise<void> {
    const background = ["-M", "-N", "-f", ...option("ControlPersist=yes")];
    return this.#ssh([...this.#options, ...this.#control, ...background, this.#target], signal);
  }

  #ssh(args: readonly string[], signal: AbortSignal): Promise<void> {
    return must(["ssh", "-p", String(this.#port), ...args], this.#scratch, signal);
  }

  #scp(ends: readonly string[], signal: AbortSignal): Promise<void> {
    const words = ["scp", "-q", "-P", String(this.#port), ...this.#options, ...ends];
    return must(words, this.#scratch, signal);
  }
}

function option(setting: string): readonly string[] {
  return ["-o", setting];
}

/** Runs a command; rejects with what it said unless it exits with 0. */
async function must(words: readonly string[], cwd: string, signal: AbortSignal): Promise<void> {
  const [file = "", ...args] = words;
  const env = { PATH: process.env["PATH"], HOME: "/nonexistent" };
  const end = await runCommand({ file, args, cwd, env }, signal);
  signal.throwIfAborted();
  if (end.code !== 0) throw new Error(`${words.join(" ")} ended with ${end.code}: ${end.output}`);
}
