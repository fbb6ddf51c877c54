/** The surface of an Aleph node over parts that need no machine: real doors and owners, VMs that are only listed. */

import { createHash } from "node:crypto";

import { Door } from "#core/aleph/auth/door.ts";
import { LoginSecret } from "#core/aleph/auth/login-secret.ts";
import { Ownership } from "#core/aleph/auth/ownership.ts";
import { Presigned } from "#core/aleph/auth/presigned.ts";
import type { ExecutionView } from "#core/aleph/execution/view.ts";
import { NodeReport } from "#core/aleph/node/node-report.ts";
import type { LogLine } from "#core/aleph/ports/run-logs.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import { Draining } from "#http/aleph/draining.ts";
import type { AlephParts } from "#http/aleph/parts.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import { alephSettings } from "./aleph-settings.ts";
import { NO_EARLIER_RUN, NODE_DOMAIN, SetClock } from "./aleph-signers.ts";
import { RememberingLog } from "./remembering-log.ts";

export const NODE_VERSION = "1.13.0";
export const NODE_TOKEN = "test";

type Executions = AlephParts["executions"];

/** what no test of the surface alone may use */
const UNUSED = Object.create(null);

export interface SurfaceWorld {
  readonly parts: AlephParts;
  readonly views: Map<string, ExecutionView>;
  readonly lines: LogLine[];
  /** what was asked of executions, in words */
  readonly asked: string[];
  readonly aggregates: Map<string, unknown>;
  readonly clock: SetClock;
  readonly log: RememberingLog;
}

/** @param env `ALEPH_VM_…` variables */
export function surfaceWorld(env: Readonly<Record<string, string>> = {}): SurfaceWorld {
  const settings = alephSettings({
    ALEPH_VM_DOMAIN_NAME: NODE_DOMAIN,
    ALEPH_VM_ALLOCATION_TOKEN_HASH: createHash("sha256").update(NODE_TOKEN).digest("hex"),
    ...env,
  });
  const clock = new SetClock("2025-06-01T12:00:00Z");
  const log = new RememberingLog();
  const views = new Map<string, ExecutionView>();
  const asked: string[] = [];
  const lines: LogLine[] = [];
  const aggregates = new Map<string, unknown>();
  const login = new LoginSecret("sekret");
  const messages = {
    message: async () => undefined,
    aggregate: async (address: string, key: string) =>
      aggregates.get(`${address.toLowerCase()}/${key}`),
  };
  const parts: AlephParts = {
    settings,
    ...nodeItself(settings, clock),
    draining: new Draining(),
    door: doorOf(settings, clock),
    ownership: new Ownership({ messages, delegationTtlS: 120, clock, log }),
    login,
    presigned: new Presigned({ secret: login, clock }),
    executions: listedOnly(views, asked, clock),
    programs: UNUSED,
    messages,
    imports: importsOver(aggregates),
    published: UNUSED,
    logs: logsOver(lines),
    checks: UNUSED,
    backups: UNUSED,
    confidential: undefined,
    networks: { recreate: async () => ({ removed: [], recreated: [], failed: [] }) },
    log,
  };
  return { parts, views, lines, asked, aggregates, clock, log };
}

function doorOf({ auth, domainName, extraDomains }: AlephSettings, clock: SetClock): Door {
  const domains = [domainName, ...extraDomains] as const;
  return new Door({ auth, domains, wallets: walletSignatures, earlier: NO_EARLIER_RUN, clock });
}

function nodeItself(
  settings: AlephSettings,
  clock: SetClock,
): Pick<AlephParts, "version" | "report" | "proxy" | "hostPorts"> {
  return {
    version: NODE_VERSION,
    report: new NodeReport({
      hardware: UNUSED,
      settings,
      version: NODE_VERSION,
      clock,
      freeDiskBytes: async () => 0,
      gpusInUse: () => new Set(),
    }),
    proxy: { debug: async () => undefined, regenerate: async () => {}, resync: async () => {} },
    hostPorts: { address: () => "203.0.113.7" },
  };
}

/** Remembers what it is asked for, and does none of it. */
function listedOnly(
  views: ReadonlyMap<string, ExecutionView>,
  asked: string[],
  clock: SetClock,
): Executions {
  const ask = (what: string, ...words: readonly unknown[]) => {
    asked.push([what, ...words].join(" "));
  };
  return {
    ...UNUSED,
    list: () => Array.from(views.values()),
    records: () => Array.from(views.values(), ({ record }) => record),
    find: (hash) => views.get(hash),
    allocate: async ({ instances, persistentVms }) => {
      const wanted = [...persistentVms, ...instances];
      const failing = wanted.filter((hash) => !views.has(hash));
      const successful = wanted.filter((hash) => views.has(hash));
      const errors = failing.map((hash) => [hash, "Exception('Unhandled Error')"] as const);
      return { successful, failing, stopped: [], errors: Object.fromEntries(errors) };
    },
    notify: async (hash) => {
      if (!views.has(hash)) throw new Refusal("not found", `Hash not found: ${hash}`);
      return { successful: true };
    },
    reserve: async () => ({ expires: new Date(clock.ms + 60_000) }),
    stop: async (hash) => {
      ask("stop", hash);
      return views.get(hash)?.running === true ? "stopped" : "was not running";
    },
    erase: async (hash) => ask("erase", hash),
    reboot: async (hash) => {
      ask("reboot", hash);
      return views.get(hash)?.running === true ? "rebooted" : "started";
    },
    expire: async (hash, seconds) => ask("expire", hash, seconds),
    reinstall: async (hash, { volumes }) => ask("reinstall", hash, volumes),
    refreshPorts: async (hash) => {
      ask("ports", hash);
      return "applied";
    },
  };
}

function importsOver(aggregates: Map<string, unknown>): AlephParts["imports"] {
  return {
    ...UNUSED,
    aggregate: async ({ address, key }) => {
      const value = aggregates.get(`${address.toLowerCase()}/${key}`);
      if (value === undefined) throw new Refusal("not found", "No such aggregate");
      return value;
    },
    putAggregate: async ({ address, key }, value) => {
      aggregates.set(`${address.toLowerCase()}/${key}`, value);
    },
  };
}

function logsOver(lines: readonly LogLine[]): AlephParts["logs"] {
  const past = async function* () {
    yield* lines;
  };
  return { past, follow: past, remove: async () => {} };
}
