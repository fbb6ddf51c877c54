/**
 * HAProxy in front of the VMs' domains: what it is told, and what it says.
 *
 * Only addresses of VMs that run here are ever told, whatever a list of domains says: HAProxy leads from
 * the world to this host's own networks.
 */

import { writeFile } from "node:fs/promises";

import type { ItemHash } from "#core/aleph/item-hash.ts";
import type { DomainNames } from "#core/aleph/ports/domain-names.ts";
import type { Log } from "#core/ports/log.ts";
import { every } from "#lib/every.ts";
import { Turnstile } from "#lib/turnstile.ts";

import { AdminSocket } from "./admin-socket.ts";
import {
  type DomainMap,
  formatMap,
  isSameMap,
  preparedVersion,
  replacingCommands,
  shownMap,
  statRows,
} from "./domain-map.ts";
import { type Backend, BACKENDS, mapPath, type ProxyPlan } from "./haproxy-config.ts";
import { ensureHaproxy, removeHaproxy } from "./haproxy-process.ts";

/** how often it is looked whether HAProxy is still there, in `ms` */
const LOOK_EVERY_MS = 10_000;

/** changes come in crowds, in `ms` */
const NOTICE_MS = 500;
/** more than that lead nowhere */
const MAX_DOMAINS = 10_000;

const never = new AbortController().signal;

export interface HaproxyDeps {
  /** whether there is to be one; one that is there ends where there is not */
  readonly enabled: boolean;
  readonly plan: ProxyPlan;
  /** how often all domains are asked for anew, in seconds */
  readonly resyncIntervalS: number;
  /** names of the node itself: never a VM's */
  readonly nodeNames: ReadonlySet<string>;
  readonly domains: DomainNames;
  /** bare address at which a VM that runs here is reached from this host; `undefined` for one that does not */
  readonly addressOf: (vmHash: ItemHash) => string | undefined;
  readonly log: Log;
}

export interface HaproxyView {
  /** by back end, what leads where */
  readonly mappings: Readonly<Record<Backend, Readonly<Record<string, string>>>>;
  /** HAProxy's own figures, a row for each front end, back end and server */
  readonly stats: readonly Readonly<Record<string, string>>[];
}

export class Haproxy implements AsyncDisposable {
  readonly #deps: HaproxyDeps;
  readonly #socket: AdminSocket;
  readonly #turns = new Turnstile();
  readonly #over = new DisposableStack();
  #wanted: DomainMap = new Map();
  #noticed = false;

  /** Starts HAProxy, or takes over one that an earlier daemon has started. */
  static async open(deps: HaproxyDeps, signal: AbortSignal): Promise<Haproxy> {
    const haproxy = new Haproxy(deps);
    if (!deps.enabled) {
      await removeHaproxy(deps.plan, signal);
      return haproxy;
    }
    await haproxy.#tell("what has changed", signal);
    haproxy.#keep();
    return haproxy;
  }

  private constructor(deps: HaproxyDeps) {
    this.#deps = deps;
    this.#socket = new AdminSocket(deps.plan.socket);
  }

  /** Something has changed that may change domains: they are looked at in a moment, with whatever else changes until then. */
  notice(): void {
    if (!this.#deps.enabled || this.#noticed || this.#over.disposed) return;
    this.#noticed = true;
    const look = () => {
      this.#noticed = false;
      if (!this.#over.disposed) void this.resync(never);
    };
    setTimeout(look, NOTICE_MS).unref();
  }

  /** Tells HAProxy which domains lead to VMs now. What goes wrong is logged, and tried again later. */
  async resync(signal: AbortSignal): Promise<void> {
    if (!this.#deps.enabled) return;
    try {
      await this.#tell("what has changed", signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#deps.log.warn("proxy.resync_failed", { error });
    }
  }

  /** Writes everything anew, whether or not it has changed. Harmless without HAProxy. @throws Error when it is not taken */
  async regenerate(signal: AbortSignal): Promise<void> {
    if (this.#deps.enabled) await this.#tell("everything", signal);
  }

  /** @returns `undefined` where there is no HAProxy to ask */
  async debug(signal: AbortSignal): Promise<HaproxyView | undefined> {
    if (!this.#deps.enabled) return undefined;
    try {
      const [http, ssl, ssh, stats] = await Promise.all([
        this.#shown("bk_http", signal),
        this.#shown("bk_ssl", signal),
        this.#shown("bk_ssh", signal),
        this.#socket.ask("show stat", signal),
      ]);
      const [bkHttp, bkSsl, bkSsh] = [http, ssl, ssh].map((map) => Object.fromEntries(map));
      const mappings = { bk_http: bkHttp ?? {}, bk_ssl: bkSsl ?? {}, bk_ssh: bkSsh ?? {} };
      return { mappings, stats: statRows(stats) };
    } catch {
      signal.throwIfAborted();
      return undefined; // it has ended: it is started again soon
    }
  }

  /** HAProxy goes on for VMs that go on, and ends with the daemon where it leads to none. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.dispose();
    using _turn = await this.#turns.enter(never);
    if (this.#wanted.size === 0) await removeHaproxy(this.#deps.plan, never);
  }

  #keep(): void {
    const { resyncIntervalS, plan, log } = this.#deps;
    this.#over.use(every(resyncIntervalS * 1000, () => this.resync(never)));
    this.#over.use(
      every(LOOK_EVERY_MS, async () => {
        try {
          using _turn = await this.#turns.enter(never);
          if (this.#over.disposed) return;
          if ((await ensureHaproxy(plan, never)) === "started") log.warn("proxy.started_again");
        } catch (error) {
          log.error("proxy.not_running", { error });
        }
      }),
    );
  }

  async #tell(what: "everything" | "what has changed", signal: AbortSignal): Promise<void> {
    using _turn = await this.#turns.enter(signal);
    const { plan, log } = this.#deps;
    const wanted = await this.#current(signal);
    if ((await ensureHaproxy(plan, signal)) === "started") log.info("proxy.started");
    for (const backend of BACKENDS) {
      // What a HAProxy that is started again begins with.
      await writeFile(mapPath(plan, backend), formatMap(wanted), { mode: 0o600 });
      const isTold = isSameMap(await this.#shown(backend, signal), wanted);
      if (what === "everything" || !isTold) await this.#replace(backend, wanted, signal);
    }
    this.#wanted = wanted;
  }

  /** Where nobody knows the domains now, they are as they were. */
  async #current(signal: AbortSignal): Promise<DomainMap> {
    const { domains, addressOf, nodeNames, log } = this.#deps;
    try {
      const names = await domains.list(signal);
      const entries = names.flatMap(({ name, vmHash }) => {
        const address = nodeNames.has(name) ? undefined : addressOf(vmHash);
        return address === undefined ? [] : [[name, address] as const];
      });
      return new Map(entries.slice(0, MAX_DOMAINS));
    } catch (error) {
      signal.throwIfAborted();
      log.warn("proxy.domains_unknown", { error });
      return this.#wanted;
    }
  }

  async #shown(backend: Backend, signal: AbortSignal): Promise<DomainMap> {
    const file = mapPath(this.#deps.plan, backend);
    return shownMap(await this.#socket.ask(`show map ${file}`, signal));
  }

  /** There is no moment at which HAProxy knows none of the domains. */
  async #replace(backend: Backend, map: DomainMap, signal: AbortSignal): Promise<void> {
    const file = mapPath(this.#deps.plan, backend);
    const version = preparedVersion(await this.#socket.ask(`prepare map ${file}`, signal));
    for (const command of replacingCommands(file, version, map)) {
      const answer = (await this.#socket.ask(command, signal)).trim();
      if (answer !== "") throw new Error(`HAProxy refuses "${command}": ${answer}`);
    }
  }
}
