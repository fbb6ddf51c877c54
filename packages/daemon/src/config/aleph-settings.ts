/** An Aleph node's settings: `ALEPH_VM_*` of the environment, where Alcove has something for them. */

import path from "node:path";

import type { AlephSettings } from "#core/aleph/settings.ts";

import { alephNames, AlephReader } from "./aleph-reader.ts";
import { DOMAIN, HASH, HTTP_URL } from "./aleph-shapes.ts";
import { confidential, haproxy, network, status } from "./aleph-surroundings.ts";
import type { SettingsReader } from "./settings-reader.ts";

/** where a daemon keeps its things, absolute */
export interface Homes {
  readonly stateDir: string;
  readonly runtimeDir: string;
}

export interface ReadAleph {
  /** `undefined`: the node is off */
  readonly settings: AlephSettings | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** On when it is asked for, or when any of the node's settings is there. */
export function readAleph(
  read: SettingsReader,
  env: Readonly<Record<string, string | undefined>>,
  homes: Homes,
): ReadAleph {
  const asked = read.oneOf("ALCOVE_ALEPH", ["auto", "on", "off"]);
  const isOn = asked === "on" || (asked === "auto" && alephNames(env).size > 0);
  if (!isOn) return { settings: undefined, problems: [], warnings: [] };
  const aleph = new AlephReader(env);
  const settings = alephSettings(aleph, homes);
  return { settings, ...aleph.finish() };
}

function alephSettings(read: AlephReader, homes: Homes): AlephSettings {
  const executionRoot = read.directory("EXECUTION_ROOT", path.join(homes.stateDir, "aleph"));
  const cacheRoot = read.directory("CACHE_ROOT", path.join(executionRoot, "cache"));
  const offline = read.boolean("OFFLINE", true);
  const settings = {
    ...identity(read, offline),
    storeDir: read.directory("STORE_DIR", path.join(executionRoot, "store")),
    executionRoot,
    cacheRoot,
    offline,
    auth: auth(read),
    admission: admission(read),
    network: network(read),
    payment: payment(read, offline),
    confidential: confidential(read, executionRoot, cacheRoot),
    gpus: read.boolean("ENABLE_GPU_SUPPORT", false) ? ("on" as const) : ("off" as const),
    haproxy: haproxy(read, offline, homes.runtimeDir),
    status: status(read),
    backup: {
      directory: read.directory("BACKUP_DIRECTORY", path.join(executionRoot, "backups")),
      maxRestoreUploadBytes: read.integer("MAX_RESTORE_UPLOAD_BYTES", 107_374_182_400, [1, MOST]),
    },
    programs: {
      reuseTimeoutS: read.decimal("REUSE_TIMEOUT", 3600, [0, YEAR_S]),
      drainTimeoutS: read.decimal("DRAIN_TIMEOUT", 30, [0, 3600]),
    },
    strictReference: read.boolean("STRICT_REFERENCE", false),
  };
  return Object.freeze({ ...settings, shown: Object.freeze(read.shown) });
}

const MOST = Number.MAX_SAFE_INTEGER;
const YEAR_S = 31_536_000;

function identity(read: AlephReader, offline: boolean) {
  return {
    listen: {
      address: read.text("SUPERVISOR_HOST", "127.0.0.1"),
      port: read.integer("SUPERVISOR_PORT", 4020, [0, 65_535]),
    },
    domainName: read.shaped("DOMAIN_NAME", "localhost", DOMAIN),
    extraDomains: read.list("EXTRA_DOMAINS"),
    apiServer: withoutSlash(read.shaped("API_SERVER", API_SERVER, HTTP_URL)),
    ipfsGateway: withoutSlash(read.shaped("IPFS_GATEWAY", "https://ipfs.aleph.im/ipfs", HTTP_URL)),
    nodeHash: nodeHash(read, offline),
  };
}

const API_SERVER = "https://official.aleph.cloud";

function nodeHash(read: AlephReader, offline: boolean): string | undefined {
  const hash = read.optional("NODE_HASH", HASH);
  if (hash === undefined && !offline) {
    read.warning(
      "ALEPH_VM_NODE_HASH is not set: messages that are meant for one node are refused, as nobody looks it up",
    );
  }
  return hash;
}

function auth(read: AlephReader): AlephSettings["auth"] {
  return {
    allocationTokenHash: read.secret("ALLOCATION_TOKEN_HASH", HASH),
    allocationSigners: read.list("AUTHORIZED_ALLOCATION_SIGNERS"),
    allocationSignatureMaxAgeS: read.integer(
      "ALLOCATION_SIGNATURE_MAX_AGE_SECONDS",
      300,
      [1, 86_400],
    ),
    openNotify: read.boolean("ALLOW_UNAUTHENTICATED_NOTIFY", true),
    operationsOnce: read.boolean("OPERATIONS_ONCE", false),
    delegationTtlS: read.integer("CACHE_TTL_SECURITY_AGGREGATE", 120, [0, 86_400]),
  };
}

function admission(read: AlephReader): AlephSettings["admission"] {
  return {
    hostMemoryReservedMiB: read.integer("HOST_MEMORY_RESERVED_MIB", 2048, [0, MOST]),
    programMemoryReservedMiB: read.integer("PROGRAM_MEMORY_RESERVED_MIB", 8192, [0, MOST]),
    vcpuOvercommit: read.decimal("VCPU_OVERCOMMIT_FACTOR", 4, [0.1, 1000]),
    startIdIndex: read.integer("START_ID_INDEX", 4, [1, 65_024]),
  };
}

function payment(read: AlephReader, offline: boolean): AlephSettings["payment"] {
  const owner = read.text("OWNER_ADDRESS", "");
  return {
    mode: read.oneOf(
      "PAYMENT_MODE",
      offline ? ["none", "local", "network"] : ["network", "local", "none"],
    ),
    receiverAddress: read.text("PAYMENT_RECEIVER_ADDRESS", owner) || undefined,
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
