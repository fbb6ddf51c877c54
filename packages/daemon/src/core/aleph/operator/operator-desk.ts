/**
 * A node of the network for whoever operates its host: where it is, what it runs, and what an administrator may do
 * with it. Whoever holds the daemon's token sees what the node tells everybody; the rest asks for the node's own
 * secret first, which is the surface's to demand (`admits`).
 */

import { AlcoveError } from "../../errors.ts";
import type { LoginSecret } from "../auth/login-secret.ts";
import type { Executions } from "../execution/executions.ts";
import type { ExecutionRecord } from "../execution/record.ts";
import { StartError } from "../execution/start-error.ts";
import type { ExecutionView } from "../execution/view.ts";
import { type ItemHash, parseItemHash } from "../item-hash.ts";
import type { NodeChecks } from "../node/checks.ts";
import type { Capability, NodeReport, SystemUsage } from "../node/node-report.ts";
import type { HostPorts } from "../ports/host-ports.ts";
import type { LogLine, RunLogs } from "../ports/run-logs.ts";
import { Refusal } from "../refusal.ts";
import type { AlephSettings } from "../settings.ts";
import { actionsFor, type OperatorAction } from "./actions.ts";

/** of what a VM has said, in lines, and of each of them, in characters: a look at it, not all of it */
const TAIL_LINES = 200;
const TAIL_LINE_LENGTH = 2_000;

export interface OperatorDeskDeps {
  readonly settings: AlephSettings;
  readonly version: string;
  /** where the node listens */
  readonly port: () => number;
  /** the file with the secret, absolute */
  readonly loginFile: string;
  readonly login: Pick<LoginSecret, "admits" | "admitsCookie" | "cookie">;
  readonly executions: Pick<Executions, "list" | "find" | "records" | "stop" | "reboot" | "erase">;
  readonly logs: Pick<RunLogs, "past">;
  readonly report: Pick<NodeReport, "usage" | "capability">;
  readonly checks: Pick<NodeChecks, "host" | "ipv6" | "fastapi">;
  readonly hostPorts: Pick<HostPorts, "address">;
}

export interface NodeFacts {
  readonly settings: AlephSettings;
  readonly version: string;
  readonly port: number;
  readonly loginFile: string;
  readonly known: number;
  readonly running: number;
}

export interface ExecutionDetails {
  readonly view: ExecutionView;
  /** newest first */
  readonly history: readonly ExecutionRecord[];
  /** the last lines, oldest first */
  readonly log: readonly LogLine[];
  readonly actions: readonly OperatorAction[];
}

export interface CheckResult {
  readonly isWell: boolean;
  /** by what was looked at */
  readonly results: Readonly<Record<string, boolean>>;
}

export type CheckName = "host" | "ipv6" | "programs";

export type Done = "stopped" | "was not running" | "rebooted" | "started" | "erased";

export class OperatorDesk {
  readonly #deps: OperatorDeskDeps;

  constructor(deps: OperatorDeskDeps) {
    this.#deps = deps;
  }

  facts(): NodeFacts {
    const { settings, version, port, loginFile } = this.#deps;
    const views = this.list();
    const running = views.filter((view) => view.running).length;
    return { settings, version, port: port(), loginFile, known: views.length, running };
  }

  /** the host's address towards the world */
  hostAddress(): string {
    return this.#deps.hostPorts.address();
  }

  async usage(): Promise<{ readonly usage: SystemUsage; readonly capability: Capability }> {
    const { report } = this.#deps;
    const [usage, capability] = await Promise.all([report.usage(), report.capability()]);
    return { usage, capability };
  }

  async check(what: CheckName, signal: AbortSignal): Promise<CheckResult> {
    const { checks } = this.#deps;
    if (what === "programs") return checks.fastapi("current", signal);
    if (what === "ipv6") {
      const { host, vm } = await checks.ipv6(signal);
      return { isWell: host && vm, results: { host, vm } };
    }
    const { ipv4, ipv6, isWell } = await checks.host(signal);
    const results = Object.entries({ ipv4, ipv6 }).flatMap(([family, found]) =>
      Object.entries(found).map(([name, ok]) => [`${family} ${name}`, Boolean(ok)] as const),
    );
    return { isWell, results: Object.fromEntries(results) };
  }

  /** those that are known, stopped ones, too */
  list(): readonly ExecutionView[] {
    return this.#deps.executions.list();
  }

  /** @returns the cookie's value for whoever knows the secret; `undefined` for everybody else */
  signIn(token: string): string | undefined {
    const { login } = this.#deps;
    return login.admits(token.trim()) ? login.cookie : undefined;
  }

  /** @param cookies the `Cookie` header */
  admits(cookies: string | undefined): boolean {
    return this.#deps.login.admitsCookie(cookies);
  }

  /** Every setting by its name, secrets left out. */
  config(): Readonly<Record<string, unknown>> {
    return this.#deps.settings.shown;
  }

  /** @throws AlcoveError `execution_not_found` */
  async details(hash: string, signal: AbortSignal): Promise<ExecutionDetails> {
    const view = this.#mustFind(hash);
    const { vmHash } = view.record;
    const history = this.#deps.executions.records().filter((it) => it.vmHash === vmHash);
    return { view, history, log: await this.#tail(vmHash, signal), actions: actionsFor(view) };
  }

  /**
   * As the node's administrator. Resolves when it is done; what has begun goes on when the caller leaves.
   * @throws AlcoveError `execution_not_found`, `execution_refused`
   */
  async act(hash: string, action: OperatorAction, signal: AbortSignal): Promise<Done> {
    const { vmHash } = this.#mustFind(hash).record;
    const { executions } = this.#deps;
    try {
      if (action === "stop") return await executions.stop(vmHash, signal);
      if (action === "reboot") return await executions.reboot(vmHash, signal);
      await executions.erase(vmHash, signal);
      return "erased";
    } catch (cause) {
      if (Refusal.is(cause, "not found")) throw notFound(hash);
      if (!(cause instanceof Refusal || cause instanceof StartError)) throw cause;
      const why = cause.message === "" ? cause.name : cause.message;
      const message = `The node does not ${action} it: ${why}`;
      throw new AlcoveError("execution_refused", message, { hash: vmHash }, { cause });
    }
  }

  #mustFind(hash: string): ExecutionView {
    const vmHash = parseItemHash(hash);
    const view = vmHash && this.#deps.executions.find(vmHash);
    if (view) return view;
    throw notFound(hash);
  }

  async #tail(vmHash: ItemHash, signal: AbortSignal): Promise<readonly LogLine[]> {
    const tail: LogLine[] = [];
    for await (const line of this.#deps.logs.past(vmHash, signal)) {
      tail.push({ ...line, text: line.text.slice(0, TAIL_LINE_LENGTH) });
      if (tail.length > 2 * TAIL_LINES) tail.splice(0, TAIL_LINES);
    }
    return tail.slice(-TAIL_LINES);
  }
}

function notFound(hash: string): AlcoveError {
  const message = `This node has no execution ${hash.slice(0, 100)}: it was erased, or never here`;
  return new AlcoveError("execution_not_found", message, { hash });
}
