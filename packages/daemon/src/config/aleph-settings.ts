/** An Aleph node's settings: `ALEPH_VM_*` of the environment, where Alcove has something for them. */

import path from "node:path";

import type { AlephSettings } from "#core/aleph/settings.ts";

import { alephNames, AlephReader } from "./aleph-reader.ts";
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

type Shape = readonly [RegExp, string];
const DOMAIN: Shape = [/^[A-Za-z0-9._:[\]-]+$/, "a host name without a port"];
const HTTP_URL: Shape = [/^https?:\/\/\S+$/, "an http or https URL"];
const HASH: Shape = [/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits"];
const CIDR4: Shape = [
  /^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/,
  "an IPv4 network such as 172.16.0.0/12",
];
const CIDR6: Shape = [/^[0-9A-Fa-f:]+\/(?:56|64)$/, "an IPv6 network of /56 or /64"];
const IPV4: Shape = [/^\d{1,3}(?:\.\d{1,3}){3}$/, "an IPv4 address"];
const DEVICE: Shape = [/^[^\s/]{1,15}$/, "the name of a network device"];
/** the network's diagnostic programs, as its orchestrator has them built in */
const CHECK_VM = "d2b74aa29898457bde0560e47f7cdd4e77287e9f1f7a1456161d2fd7d5c855d7";
const LEGACY_CHECK_VM = "ad67c6857d6319486794ec2a3d14b584ac7e6c27593f3172148e486dbd1e0e21";

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

function network(read: AlephReader): AlephSettings["network"] {
  return {
    externalInterface: read.optional("NETWORK_INTERFACE", DEVICE),
    ipv4Pool: read.shaped("IPV4_ADDRESS_POOL", "172.16.0.0/12", CIDR4),
    ipv4Prefix: read.integer("IPV4_NETWORK_PREFIX_LENGTH", 24, [8, 30]),
    ipv6Pool: read.shaped("IPV6_ADDRESS_POOL", "fc00:1:2:3::/64", CIDR6),
    ipv6Policy: read.oneOf("IPV6_ALLOCATION_POLICY", ["static", "dynamic"]),
    ipv6Prefix: read.integer("IPV6_SUBNET_PREFIX", 124, [64, 126]),
    dns: read.list("DNS_NAMESERVERS"),
    hostIpv4: read.optional("HOST_IPV4", IPV4),
    ndpProxy: read.boolean("USE_NDP_PROXY", true),
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

function confidential(
  read: AlephReader,
  executionRoot: string,
  cacheRoot: string,
): AlephSettings["confidential"] {
  const isOn = read.boolean("ENABLE_CONFIDENTIAL_COMPUTING", false);
  const backend = read.oneOf("CONFIDENTIAL_BACKEND", ["sev", "simulated"]);
  if (!isOn && read.isSet("CONFIDENTIAL_BACKEND")) {
    read.warning(
      "ALEPH_VM_CONFIDENTIAL_BACKEND is not used: ALEPH_VM_ENABLE_CONFIDENTIAL_COMPUTING is not true",
    );
  }
  return {
    backend: isOn ? backend : "off",
    directory: read.directory("CONFIDENTIAL_DIRECTORY", path.join(cacheRoot, "confidential")),
    sessionDirectory: read.directory(
      "CONFIDENTIAL_SESSION_DIRECTORY",
      path.join(executionRoot, "sessions"),
    ),
    sevctlPath: read.text("SEV_CTL_PATH", "/opt/sevctl"),
    checkSessionSizes: read.boolean("CHECK_SESSION_SIZES", false),
  };
}

function haproxy(
  read: AlephReader,
  offline: boolean,
  runtimeDir: string,
): AlephSettings["haproxy"] {
  const url = read.optional("DOMAIN_SERVICE_URL", HTTP_URL);
  return {
    enabled: read.boolean("ENABLE_HAPROXY", false),
    socket: read.directory("HAPROXY_SOCKET", path.join(runtimeDir, "haproxy/admin.sock")),
    ports: {
      http: read.integer("HAPROXY_HTTP_PORT", 80, [1, 65_535]),
      https: read.integer("HAPROXY_HTTPS_PORT", 443, [1, 65_535]),
      ssh: read.integer("HAPROXY_SSH_PORT", 2222, [1, 65_535]),
    },
    domainServiceUrl: url ?? (offline ? undefined : DOMAIN_SERVICE),
    resyncIntervalS: read.integer("DOMAIN_RESYNC_INTERVAL", 600, [1, 86_400]),
  };
}

const DOMAIN_SERVICE = "https://api.dns.public.aleph.sh/instances/list";

function status(read: AlephReader): AlephSettings["status"] {
  return {
    connectivityIpv4Url: read.shaped("CONNECTIVITY_IPV4_URL", "https://1.1.1.1/", HTTP_URL),
    connectivityIpv6Url: read.shaped(
      "CONNECTIVITY_IPV6_URL",
      "https://[2606:4700:4700::1111]/",
      HTTP_URL,
    ),
    connectivityDnsHostname: read.shaped("CONNECTIVITY_DNS_HOSTNAME", "example.org", DOMAIN),
    connectivityHttpUrls: read.list("CONNECTIVITY_HTTP_URLS"),
    checkFastapiVmId: read.shaped("CHECK_FASTAPI_VM_ID", CHECK_VM, HASH),
    legacyCheckFastapiVmId: read.shaped("LEGACY_CHECK_FASTAPI_VM_ID", LEGACY_CHECK_VM, HASH),
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
