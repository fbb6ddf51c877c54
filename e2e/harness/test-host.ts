/**
 * A host under test: its directories, its daemon, and the way to both. A suite has one.
 *
 * A story that fails prints the daemon's log since it began. When the suite is over the daemon
 * is stopped in order, and nothing may be left.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { Api, type Ask } from "./api.ts";
import { cannotRun } from "./can-run.ts";
import { Daemon } from "./daemon.ts";
import { HostDirs } from "./host-dirs.ts";
import { removeNetworksOf } from "./host-networks.ts";
import { asObjects, type JsonObject, textIn } from "./json-value.ts";
import { until } from "./until.ts";

export type Settings = Readonly<Record<string, string>>;

/** the host group that every daemon under test serves */
export const GROUP = "sbox";

/**
 * Suites that say nothing of templates boot their VMs. With E2E_TEMPLATES=on each waits for one and has its VMs from
 * that: nobody should be able to tell the difference.
 */
const TEMPLATES = process.env["E2E_TEMPLATES"] ?? "off";

/** for a boot and what comes after it */
const TEMPLATE_MS = 20_000;

const SMALL: Settings = { ALCOVE_GROUP_VCPUS: "1", ALCOVE_GROUP_MEMORY_MIB: "256" };

/** Ranges of user ids for machines, far from each other and from a daemon that really serves here. */
const UID_STEP = 4096;
const UID_RANGES = 100_000;
let daemonsMade = 0;

export class TestHost {
  readonly settings: Settings;
  #dirs: HostDirs | undefined;
  #daemon: Daemon | undefined;
  #api: Api | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  get dirs(): HostDirs {
    assert.ok(this.#dirs, "the suite has not begun");
    return this.#dirs;
  }

  get daemon(): Daemon {
    assert.ok(this.#daemon, "no daemon was started");
    return this.#daemon;
  }

  get api(): Api {
    assert.ok(this.#api, "no daemon was started");
    return this.#api;
  }

  async open(): Promise<void> {
    this.#dirs = await HostDirs.make();
    await this.start();
    if (TEMPLATES !== "on") return;
    const built = () => this.daemon.events("template.built").length > 0;
    await until("a template is built", built, TEMPLATE_MS).catch(() => undefined); // a suite may have turned them off
  }

  /** Starts a daemon on these directories: the first one, or the next. */
  async start(more: Settings = {}): Promise<Daemon> {
    this.#daemon = Daemon.spawn(this.environment(more));
    await this.#daemon.serves();
    const token = tokenIn(path.join(this.dirs.state, "auth/token"));
    this.#api = new Api({ port: await this.#daemon.port() }, token);
    return this.#daemon;
  }

  /** What a daemon on these directories runs with: nothing of the environment of the tests. */
  environment(more: Settings = {}): NodeJS.ProcessEnv {
    const { state, runtime, temp } = this.dirs;
    const range = (process.pid + daemonsMade++ * 1009) % UID_RANGES;
    return {
      PATH: process.env["PATH"],
      HOME: "/nonexistent",
      TMPDIR: temp,
      ALCOVE_STATE_DIR: state,
      ALCOVE_RUNTIME_DIR: runtime,
      ALCOVE_LISTEN_PORT: "0",
      ALCOVE_TEMPLATES: TEMPLATES,
      ALCOVE_VMM_UID_BASE: String(500_000_000 + range * UID_STEP),
      ...SMALL,
      ...this.settings,
      ...more,
    };
  }

  /** Everything that runs is gone at once, and whatever is in memory, such as what lies below `/run`. */
  async losePower(): Promise<void> {
    await this.daemon.kill();
    const machines = this.dirs.machines();
    for (const pid of machines) process.kill(pid, "SIGKILL");
    await until("the machines are gone", () => this.dirs.machines().length === 0);
    removeNetworksOf(this.dirs.runtime);
    await rm(this.dirs.runtime, { recursive: true });
  }

  /** Ends the suite: an orderly stop, the leak check, and the directories are gone whatever comes. */
  async close(): Promise<void> {
    try {
      const end = await this.#daemon?.stop();
      if (end) assert.deepEqual(end, { code: 0, signal: null });
      this.#dirs?.assertNothingLeft();
    } catch (error) {
      this.printLog(0);
      await this.#clearUp();
      throw error;
    } finally {
      await this.#dirs?.remove();
    }
  }

  /** Creates a VM and waits for its agent. @returns its host name */
  async createVm(body: unknown = {}, ask: Ask = {}): Promise<string> {
    const answer = await this.api.post(`/hostgroup/${GROUP}/nodes`, {
      query: { wait: "agent", timeout: "2m0s" },
      json: body,
      ...ask,
    });
    assert.equal(answer.status, 201, answer.text);
    return textIn(answer.json, "hostname");
  }

  async deleteVm(hostname: string): Promise<void> {
    const answer = await this.api.delete(`/hostgroup/${GROUP}/nodes/${hostname}`);
    assert.equal(answer.status, 200, answer.text);
  }

  /** host names of all VMs, oldest first */
  async hostnames(): Promise<readonly string[]> {
    const nodes = asObjects((await this.api.get("/nodes")).json);
    return nodes.map((node) => textIn(node, "hostname"));
  }

  /** What a failed story left must not fail the next one: its VMs, or a daemon that it had killed. */
  async recover(kept: readonly string[]): Promise<void> {
    if (this.daemon.hasEnded) await this.start();
    await this.#deleteAllBut(kept);
  }

  async #deleteAllBut(kept: readonly string[]): Promise<void> {
    for (const hostname of await this.hostnames()) {
      if (kept.includes(hostname)) continue;
      await this.api.delete(`/hostgroup/${GROUP}/nodes/${hostname}`);
    }
  }

  /** the list's entry of a VM, or `undefined` when it is not listed */
  async node(hostname: string): Promise<JsonObject | undefined> {
    const nodes = asObjects((await this.api.get("/nodes")).json);
    return nodes.find((node) => node["hostname"] === hostname);
  }

  async untilStatus(hostname: string, status: string): Promise<JsonObject> {
    return until(`${hostname} is ${status}`, async () => {
      const node = await this.node(hostname);
      return node?.["status"] === status && node;
    });
  }

  async untilGone(hostname: string): Promise<void> {
    await until(`${hostname} is gone`, async () => (await this.node(hostname)) === undefined);
  }

  /** the process that runs a VM */
  machinePid(hostname: string): number {
    // The newest: names are given again.
    const vmId = this.daemon.events("vm.phase").findLast((line) => line["hostname"] === hostname)?.[
      "vmId"
    ];
    const pid = this.dirs
      .machines()
      .find((one) => commandLineOf(one).includes(`alcove-${String(vmId)}`));
    assert.ok(pid !== undefined, `no process runs ${hostname} (${String(vmId)})`);
    return pid;
  }

  printLog(since: number): void {
    const lines = this.#daemon?.lines.slice(since) ?? [];
    process.stdout.write(`--- the daemon's log\n${lines.join("\n")}\n---\n`);
  }

  /** After a failure: processes of this host only, by their id. */
  async #clearUp(): Promise<void> {
    await this.#daemon?.kill();
    for (const pid of this.dirs.machines()) process.kill(pid, "SIGKILL");
  }
}

function tokenIn(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has just ended
  }
}

type Story = (title: string, work: () => Promise<void>) => void;

/** One host and the stories that are tried on it, in order. */
export function suite(
  title: string,
  settings: Settings,
  stories: (host: TestHost, story: Story) => void,
  skip = cannotRun,
): void {
  describe(title, { skip }, () => {
    const host = new TestHost(settings);
    before(() => host.open());
    after(() => host.close());
    const story: Story = (name, work) => {
      void it(`${title}: ${name}`, async () => {
        const { daemon } = host;
        const since = daemon.lines.length;
        const there = await host.hostnames();
        try {
          await work();
        } catch (error) {
          host.printLog(host.daemon === daemon ? since : 0);
          await host.recover(there);
          throw error;
        }
      });
    };
    stories(host, story);
  });
}
