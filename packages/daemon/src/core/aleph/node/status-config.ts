/** How a node is set up, as far as anybody may know. Names and nesting are the API's. */

import type { AlephSettings } from "../settings.ts";

/** where the network's own nodes look for messages' files; nothing is asked there */
const CONNECTOR_URL = "http://localhost:4021";
const PAYMENT_MONITOR_INTERVAL_S = 60;

export function statusConfigOf(
  settings: AlephSettings,
  version: string,
): Readonly<Record<string, unknown>> {
  const { network, payment, status, confidential } = settings;
  return {
    DOMAIN_NAME: settings.domainName,
    node_hash: settings.nodeHash ?? null,
    version,
    references: {
      API_SERVER: settings.apiServer,
      CHECK_FASTAPI_VM_ID: status.checkFastapiVmId,
      CONNECTOR_URL,
    },
    security: {
      // Every VM's process has a user, a session and a filter of its own, whatever is set.
      USE_JAILER: true,
      PRINT_SYSTEM_LOGS: true,
      WATCH_FOR_UPDATES: true,
      ALLOW_VM_NETWORKING: true,
      USE_DEVELOPER_SSH_KEYS: false,
    },
    networking: {
      IPV6_ADDRESS_POOL: network.ipv6Pool,
      IPV6_ALLOCATION_POLICY: `IPv6AllocationPolicy.${network.ipv6Policy}`,
      IPV6_SUBNET_PREFIX: network.ipv6Prefix,
      IPV6_FORWARDING_ENABLED: true,
      USE_NDP_PROXY: network.ndpProxy,
    },
    debug: { SENTRY_DSN_CONFIGURED: false, DEBUG_ASYNCIO: false, EXECUTION_LOG_ENABLED: false },
    payment: {
      PAYMENT_RECEIVER_ADDRESS: payment.receiverAddress ?? "",
      // Chains with payment streams that this node looks at: none.
      AVAILABLE_PAYMENTS: {},
      PAYMENT_MONITOR_INTERVAL: PAYMENT_MONITOR_INTERVAL_S,
    },
    computing: {
      ENABLE_QEMU_SUPPORT: true,
      INSTANCE_DEFAULT_HYPERVISOR: "qemu",
      ENABLE_CONFIDENTIAL_COMPUTING: confidential.backend !== "off",
      // Not in the network's own nodes: nobody shall take a simulation for protection.
      CONFIDENTIAL_COMPUTING_IS_SIMULATED: confidential.backend === "simulated",
      ENABLE_GPU_SUPPORT: settings.gpus === "on",
    },
  };
}
