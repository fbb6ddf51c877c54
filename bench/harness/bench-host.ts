/**
 * A daemon of the bench's own: fresh state in a temporary directory, the checkout's image store.
 *
 * It runs as an operator would run it. Only the group's size and, where a bench compares kernels,
 * the names that its image store knows are chosen here.
 */

import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { Api } from "../../e2e/harness/api.ts";
import { cannotRun } from "../../e2e/harness/can-run.ts";
import { Daemon } from "../../e2e/harness/daemon.ts";
import { HostDirs } from "../../e2e/harness/host-dirs.ts";
import { asObjects, type JsonObject, textIn } from "../../e2e/harness/json-value.ts";
import { until } from "../../e2e/harness/until.ts";
import type { ResolvedImage } from "../../packages/daemon/src/core/ports/image-store.ts";
import type { QemuHost } from "../../packages/daemon/src/drivers/qemu/argv.ts";
import { LocalImageStore } from "../../packages/daemon/src/images/local-image-store.ts";
import { environment, GROUP, type HostOrder, IMAGE, narrow } from "./bench-environment.ts";
import { machineOf } from "./machine-process.ts";

/** from a pooled machine's process until it has the template's memory and waits, in `ms` */
const POOL_SETTLES_MS = 500;
/** how the making of a template ends in the log: well, or not */
const BUILDS = ["template.built", "template.build_failed"] as const;
/** a boot, and writing down what came of it */
const TEMPLATE_MS = 120_000;

/** A create was refused because the host has no room, or the machine did not come up in time. */
export class AlcoveFull extends Error {}

export class BenchHost implements AsyncDisposable {
  readonly token: string;
  readonly socketPath: string;
  /** what a create boots */
  readonly image: ResolvedImage;
  readonly dirs: HostDirs;
  readonly #environment: NodeJS.ProcessEnv;
  #daemon: Daemon;
  #port: number;

  static async open(order: HostOrder, signal: AbortSignal): Promise<BenchHost> {
    if (cannotRun) throw new Error(`Nothing can be measured here: ${cannotRun}`);
    await using undo = new AsyncDisposableStack();
    const dirs = await HostDirs.make();
    undo.defer(() => dirs.remove());
    if (order.names) await narrow(path.join(dirs.state, "images"), order.names);
    const images = await LocalImageStore.open(path.join(dirs.state, "images"));
    const image = await images.resolve(IMAGE, signal);
    const env = environment(dirs, order);
    const daemon = Daemon.spawn(env);
    undo.defer(() => stop(daemon, dirs));
    await daemon.serves();
    const token = (await readFile(path.join(dirs.state, "auth/token"), "utf8")).trim();
    const host = new BenchHost({ daemon, dirs, image, token, env, port: await daemon.port() });
    undo.move();
    return host;
  }

  private constructor(parts: {
    readonly daemon: Daemon;
    readonly dirs: HostDirs;
    readonly image: ResolvedImage;
    readonly token: string;
    readonly port: number;
    readonly env: NodeJS.ProcessEnv;
  }) {
    const { daemon, dirs, image, token, port, env } = parts;
    this.#daemon = daemon;
    this.#environment = env;
    this.#port = port;
    this.dirs = dirs;
    this.image = image;
    this.token = token;
    this.socketPath = path.join(dirs.runtime, "api.sock");
  }

  /** how this daemon's guests run, for machines without a daemon to run the same way */
  get qemuHost(): QemuHost {
    const found = this.#daemon.events("host.acceleration")[0];
    return {
      accel: textIn(found, "accel") === "kvm" ? "kvm" : "tcg",
      tscKhz: Number(found?.["tscKhz"]),
      guestAslr: "auto",
      guestReboot: "restarts",
    };
  }

  get api(): Api {
    return new Api({ port: this.#port }, this.token);
  }

  get port(): number {
    return this.#port;
  }

  /** the daemon that serves now */
  get daemon(): Daemon {
    return this.#daemon;
  }

  /** Resolves when the template that the group's VMs are made from is there. */
  async templateBuilt(signal: AbortSignal): Promise<void> {
    const found = await until(
      "a template is built",
      () => {
        signal.throwIfAborted();
        return BUILDS.flatMap((name) => this.#daemon.events(name))[0];
      },
      TEMPLATE_MS,
    );
    if (found["event"] !== BUILDS[0]) throw new Error(JSON.stringify(found));
  }

  /** Resolves when `count` machines wait for VMs that are not asked for yet. */
  async poolFilled(count: number, signal: AbortSignal): Promise<void> {
    const vms = (await this.nodes()).length;
    await until("the pool is filled", () => {
      signal.throwIfAborted();
      return this.dirs.machines().length - 1 - vms >= count; // one of them is the daemon
    });
    await delay(POOL_SETTLES_MS, undefined, { signal });
  }

  /** the process that runs a VM */
  machinePid(hostname: string): number {
    const lines = this.#daemon.events("vm.phase");
    const vmId = lines.findLast((line) => line["hostname"] === hostname)?.["vmId"];
    const pid = machineOf(String(vmId), this.dirs.machines());
    if (pid === undefined) throw new Error(`no process runs ${hostname} (${String(vmId)})`);
    return pid;
  }

  /** Kills the daemon, as a crash would; its VMs run on. */
  async killDaemon(): Promise<void> {
    await this.#daemon.kill();
  }

  /** Spawns the next one on the same directories; `followed` resolves when it serves. */
  spawnDaemon(): void {
    this.#daemon = Daemon.spawn(this.#environment);
  }

  async followed(): Promise<void> {
    this.#port = await this.#daemon.port();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Creates a VM and waits for its agent. @param body what is asked for @returns its host name */
  async createVm(body: JsonObject = {}): Promise<string> {
    const query = { wait: "agent", timeout: "2m0s" };
    const answer = await this.api.post(`/hostgroup/${GROUP}/nodes`, { query, json: body });
    if (answer.status === 503) throw new AlcoveFull(textIn(answer.json, "error"));
    if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${answer.text}`);
    return textIn(answer.json, "hostname");
  }

  /** all VMs, as the API lists them */
  async nodes(): Promise<readonly JsonObject[]> {
    return asObjects((await this.api.get("/nodes")).json);
  }

  async deleteVm(hostname: string): Promise<void> {
    const answer = await this.api.delete(`/hostgroup/${GROUP}/nodes/${hostname}`);
    if (answer.status !== 200) throw new Error(`delete answered ${answer.status}: ${answer.text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stop(this.#daemon, this.dirs);
    await this.dirs.remove();
  }
}

/** What a host's guests are, for a report. */
export function guestFacts({ image, qemuHost }: BenchHost, memoryMiB: number): string {
  const how = qemuHost.accel === "kvm" ? "KVM" : "emulated (TCG)";
  return `image ${IMAGE}, kernel ${image.kernel.name}, 1 vCPU, ${memoryMiB} MiB, ${how}`;
}

/** An orderly stop; what a daemon that crashed has left is ended too, by its process id. */
async function stop(daemon: Daemon, dirs: HostDirs): Promise<void> {
  try {
    await daemon.stop();
  } finally {
    for (const pid of dirs.machines()) process.kill(pid, "SIGKILL");
  }
}
