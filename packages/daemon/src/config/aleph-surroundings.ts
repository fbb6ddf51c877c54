/** An Aleph node's settings of what is around it: networks, the proxy, the processor, and what is looked at from time to time. */

import path from "node:path";

import type { AlephSettings } from "#core/aleph/settings.ts";

import type { AlephReader } from "./aleph-reader.ts";
import { CIDR4, CIDR6, DEVICE, DOMAIN, HASH, HTTP_URL, IPV4 } from "./aleph-shapes.ts";

export function network(read: AlephReader): AlephSettings["network"] {
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

export function confidential(
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

export function haproxy(
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

/** the network's diagnostic programs, as its orchestrator has them built in */
const CHECK_VM = "d2b74aa29898457bde0560e47f7cdd4e77287e9f1f7a1456161d2fd7d5c855d7";
const LEGACY_CHECK_VM = "ad67c6857d6319486794ec2a3d14b584ac7e6c27593f3172148e486dbd1e0e21";

export function status(read: AlephReader): AlephSettings["status"] {
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
