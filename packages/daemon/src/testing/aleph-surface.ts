/** The surface of an Aleph node over parts that need no machine: real doors and owners, VMs that are only listed. */

import { createHash } from "node:crypto";

import { Door } from "#core/aleph/auth/door.ts";
import { LoginSecret } from "#core/aleph/auth/login-secret.ts";
import { Ownership } from "#core/aleph/auth/ownership.ts";
import { Presigned } from "#core/aleph/auth/presigned.ts";
import type { ExecutionView } from "#core/aleph/execution/view.ts";
import { parseItemHash } from "#core/aleph/item-hash.ts";
import { NodeReport } from "#core/aleph/node/node-report.ts";
import type { LogLine } from "#core/aleph/ports/run-logs.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { Draining } from "#http/aleph/draining.ts";
import type { AlephParts } from "#http/aleph/parts.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import { alephSettings } from "./aleph-settings.ts";
import { NODE_DOMAIN, SetClock } from "./aleph-signers.ts";
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
    version: NODE_VERSION,
    draining: new Draining(),
    door: new Door({
      auth: settings.auth,
      domains: [settings.domainName, ...settings.extraDomains],
      wallets: walletSignatures,
      clock,
    }),
    ownership: new Ownership({ messages, delegationTtlS: 120, clock, log }),
    login,
    presigned: new Presigned({ secret: login, clock }),
    executions: listedOnly(views, asked, clock),
    messages,
    imports: importsOver(aggregates),
    published: UNUSED,
    logs: logsOver(lines),
    report: new NodeReport({
      hardware: UNUSED,
      settings,
      version: NODE_VERSION,
      clock,
      freeDiskBytes: async () => 0,
      gpusInUse: () => new Set(),
    }),
    checks: UNUSED,
    backups: UNUSED,
    confidential: undefined,
    proxy: {
      debug: async () => undefined,
      regenerate: async () => {},
      resync: async () => {
        asked.push("resync");
      },
    },
    networks: { recreate: async () => ({ removed: [], recreated: [], failed: [] }) },
    hostPorts: { address: () => "203.0.113.7" },
    log,
  };
  return { parts, views, lines, asked, aggregates, clock, log };
}

/** One instance of that owner, as it is listed. */
export function aView(
  ref: string,
  owner: string,
  changes: Partial<ExecutionView> = {},
): ExecutionView {
  const vmHash = parseItemHash(ref);
  if (vmHash === undefined) throw new Error(`${ref} is no hash`);
  const defined = new Date("2025-06-01T12:00:00Z");
  const started = new Date("2025-06-01T12:00:02.500Z");
  const content = {
    address: owner,
    time: 1_748_779_200,
    resources: { vcpus: 1, memory: 256, seconds: 30 },
  };
  const message = {
    itemHash: vmHash,
    type: "INSTANCE",
    sender: owner,
    chain: "ETH",
    time: 1_748_779_200,
    content,
    raw: { content },
  } as const;
  return {
    record: {
      uuid: "5e3c8cf2-0000-4000-8000-000000000001",
      vmHash,
      vmId: 4,
      vmType: "instance",
      network: {
        vmId: 4,
        tap: "vmtap4",
        ipv4: { network: "172.16.4.0/24", host: "172.16.4.1", guest: "172.16.4.2" },
        ipv6: {
          network: "fc00:1:2:3:3:deca:deca:dec0/124",
          host: "fc00:1:2:3:3:deca:deca:dec0",
          guest: "fc00:1:2:3:3:deca:deca:dec1",
        },
        internet: true,
        dns: [],
      },
      message,
      original: message,
      times: {
        defined,
        preparing: defined,
        prepared: defined,
        starting: defined,
        started,
        stopping: undefined,
        stopped: undefined,
      },
      persistent: true,
      expiresAt: undefined,
      task: undefined,
      gpus: [],
      ports: [{ vmPort: 22, hostPort: 24_000, tcp: true, udp: false }],
      ended: undefined,
      confidential: undefined,
    },
    content: {
      kind: "instance",
      address: owner,
      time: 1_748_779_200,
      authorizedKeys: [],
      variables: {},
      metadata: undefined,
      resources: { vcpus: 1, memoryMiB: 256, seconds: 30, publishedPorts: [] },
      payment: { type: "hold", chain: "ETH", receiver: undefined },
      requirements: undefined,
      volumes: [],
      internet: true,
      alephApi: true,
      hypervisor: "qemu",
      trustedExecution: undefined,
      rootfs: { parent: { ref: vmHash, useLatest: false }, persistence: "host", sizeMiB: 1024 },
    },
    state: "running",
    running: true,
    awaitingConfidentialInit: false,
    reason: undefined,
    ...changes,
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
