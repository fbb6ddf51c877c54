/**
 * The agent of a fake guest: the same port as the real one, without a channel.
 *
 * It says that it is fake where a real agent says its version.
 */

import type { BackgroundKeep, BackgroundStart } from "#core/ports/guest-background.ts";
import type { GuestConnection, GuestTarget } from "#core/ports/guest-connection.ts";
import type { GuestNewIdentity, GuestReceipt, GuestStillness } from "#core/ports/guest-identity.ts";
import {
  type GuestConfiguration,
  type GuestCopied,
  type GuestCopyIn,
  type GuestCopyOut,
  type GuestDialer,
  type GuestExec,
  type GuestHealth,
  type GuestIdentity,
  type GuestLink,
  type GuestProcess,
  type GuestSource,
  type GuestStats,
  SessionLost,
} from "#core/ports/guest-link.ts";
import type {
  GuestEntry,
  GuestMakeDirectory,
  GuestPath,
  GuestRemove,
} from "#core/ports/guest-files.ts";
import type { GuestChange, GuestWatch } from "#core/ports/guest-watch.ts";

import { FakeBackground, startInBackground } from "./fake-background.ts";
import { connect } from "./fake-connection.ts";
import { copyIn, copyOut } from "./fake-copies.ts";
import { makeDirectory, readDirectory, remove, stat } from "./fake-directories.ts";
import type { FakeGuest } from "./fake-guest.ts";
import { FAKE_ENDPOINT } from "./fake-hypervisor.ts";
import { cardFor, quiesce, reidentify, takeMachineId } from "./fake-identity.ts";
import { FakeProcess } from "./fake-process.ts";
import { runShell } from "./fake-shell.ts";
import { statsOf } from "./fake-stats.ts";
import { watch } from "./fake-watch.ts";
import type { FakeWorld } from "./fake-world.ts";

const VERSION = "fake";

/** the first process is the agent's own */
const FIRST_PID = 1;

export class FakeDialer implements GuestDialer {
  readonly #world: FakeWorld;

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  async dial(endpoint: string, signal: AbortSignal): Promise<GuestLink> {
    signal.throwIfAborted();
    const vmId = endpoint.startsWith(FAKE_ENDPOINT) ? endpoint.slice(FAKE_ENDPOINT.length) : "";
    const box = this.#world.find(vmId);
    if (!box) throw new SessionLost("the guest is gone");
    await box.guest.running(signal);
    return new FakeLink(box.guest);
  }
}

class FakeLink implements GuestLink {
  readonly agent: GuestIdentity;
  readonly closed: Promise<Error>;
  readonly background: FakeBackground;
  readonly #guest: FakeGuest;
  readonly #close = new AbortController();
  /** aborts when the session is over, from either side */
  readonly #over: AbortSignal;
  readonly #processes = new Set<FakeProcess>();
  #lastPid = FIRST_PID;

  constructor(guest: FakeGuest) {
    this.#guest = guest;
    this.#over = AbortSignal.any([this.#close.signal, guest.boot]);
    this.background = new FakeBackground(guest, this.#over);
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.closed = promise;
    const over = this.#over;
    over.addEventListener("abort", () => resolve(asError(over.reason)), { once: true });
    this.agent = {
      version: VERSION,
      bootId: guest.bootId,
      init: "alcove",
      features: [
        "exec",
        "shell",
        "copy",
        "stats",
        "power",
        "configure",
        "forward",
        "fs",
        "background",
        "watch",
        "quiesce",
        "reidentify",
        "terminals",
      ],
    };
  }

  holdLiveness(): Disposable {
    // A fake guest is never silent for want of processor time, so there is nothing to hold.
    return { [Symbol.dispose]: () => undefined };
  }

  async health(signal: AbortSignal): Promise<GuestHealth> {
    await this.#answering(signal);
    const { hostname, bootId, uptimeNs, userdata } = this.#guest;
    return {
      agentVersion: VERSION,
      agentUptimeNs: uptimeNs,
      systemUptimeNs: uptimeNs,
      hostname,
      bootId,
      userdata,
    };
  }

  async stats(signal: AbortSignal): Promise<GuestStats> {
    await this.#answering(signal);
    return statsOf(this.#guest, this.#processes.size);
  }

  async configure(
    configuration: GuestConfiguration,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    await this.#answering(signal);
    const { hostname, machineId, network, entropy, sshKeys, userdata } = configuration;
    const guest = this.#guest;
    guest.random.reseed(entropy);
    guest.hostname = hostname;
    const applied = ["entropy", "time", "hostname"];
    if (takeMachineId(guest, machineId)) applied.push("machineId");
    guest.card = cardFor(guest, network) ?? guest.card;
    if (network) applied.push("network");
    if (sshKeys.length > 0) applied.push("sshKeys");
    if (userdata !== undefined) {
      applied.push("userdata");
      this.#startUserdata(userdata);
    }
    return applied;
  }

  async quiesce(signal: AbortSignal): Promise<GuestStillness> {
    await this.#answering(signal);
    return quiesce(this.#guest, this.#over);
  }

  async reidentify(identity: GuestNewIdentity, signal: AbortSignal): Promise<GuestReceipt> {
    await this.#writing(signal);
    return reidentify(this.#guest, identity);
  }

  async power(action: "poweroff" | "reboot", signal: AbortSignal): Promise<void> {
    await this.#answering(signal);
    // The answer leaves before the guest does, as with a real agent.
    setImmediate(() => {
      if (action === "poweroff") this.#guest.powerOff();
      else this.#guest.reboot();
    });
  }

  async exec(request: GuestExec, signal: AbortSignal): Promise<GuestProcess> {
    await this.#answering(signal);
    const process = FakeProcess.start(++this.#lastPid, this.#guest, request);
    this.#processes.add(process);
    const forget = () => this.#processes.delete(process);
    process.ended.then(forget, forget);
    return process;
  }

  async copyIn(
    request: GuestCopyIn,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<GuestCopied> {
    await this.#writing(signal);
    return copyIn(this.#guest.files, request, content, AbortSignal.any([signal, this.#over]));
  }

  async copyOut(request: GuestCopyOut, signal: AbortSignal): Promise<GuestSource> {
    await this.#answering(signal);
    return copyOut(this.#guest.files, request);
  }

  async forward(target: GuestTarget, signal: AbortSignal): Promise<GuestConnection> {
    await this.#answering(signal);
    return connect(target, this.#over);
  }

  async stat(at: GuestPath, signal: AbortSignal): Promise<GuestEntry> {
    await this.#answering(signal);
    return stat(this.#guest.files, at);
  }

  async readDirectory(at: GuestPath, signal: AbortSignal): Promise<AsyncIterable<GuestEntry>> {
    await this.#answering(signal);
    return each(readDirectory(this.#guest.files, at));
  }

  async makeDirectory(wanted: GuestMakeDirectory, signal: AbortSignal): Promise<void> {
    await this.#writing(signal);
    makeDirectory(this.#guest.files, wanted);
  }

  async remove(request: GuestRemove, signal: AbortSignal): Promise<void> {
    await this.#writing(signal);
    remove(this.#guest.files, request);
  }

  async startInBackground(
    program: GuestExec,
    keep: BackgroundKeep,
    signal: AbortSignal,
  ): Promise<BackgroundStart> {
    await this.#answering(signal);
    return startInBackground(this.#guest, program, keep);
  }

  async watch(wanted: GuestWatch, signal: AbortSignal): Promise<AsyncIterable<GuestChange>> {
    await this.#answering(signal);
    return watch(this.#guest.files, wanted, AbortSignal.any([signal, this.#over]));
  }

  get openStreams(): number {
    return this.#processes.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close.abort(new SessionLost("the session was closed"));
    for (const process of this.#processes) process.cancel();
  }

  async #answering(signal: AbortSignal): Promise<void> {
    await this.#guest.running(AbortSignal.any([signal, this.#over]));
  }

  /** As `#answering`, and until the guest's file systems do not hold still. */
  async #writing(signal: AbortSignal): Promise<void> {
    await this.#answering(signal);
    await this.#guest.writable(AbortSignal.any([signal, this.#over]));
  }

  /** Once in a guest's life, and in the background, like the real one. */
  #startUserdata(script: string): void {
    const guest = this.#guest;
    if (guest.userdata.exitCode !== undefined || !guest.userdata.ran) return;
    guest.userdata = { ran: false, exitCode: undefined };
    const context = {
      guest,
      env: new Map([["USER", "root"]]),
      cwd: "/",
      stdin: nothing(),
      write: async () => undefined,
      signal: guest.boot,
    };
    runShell(script.replace(/^#!.*/, ""), [], context).then(
      (exitCode) => (guest.userdata = { ran: true, exitCode }),
      () => (guest.userdata = { ran: true, exitCode: 1 }), // the guest went while it ran
    );
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // standard input of a script that nobody types to
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new SessionLost(String(reason));
}
