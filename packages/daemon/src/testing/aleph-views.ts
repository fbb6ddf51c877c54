/** Executions as listings see them, without a machine. */

import type { ExecutionRecord } from "#core/aleph/execution/record.ts";
import type { ExecutionView } from "#core/aleph/execution/view.ts";
import { type ItemHash, parseItemHash } from "#core/aleph/item-hash.ts";
import type { InstanceContent, StoredMessage } from "#core/aleph/message/content.ts";

const DEFINED = new Date("2025-06-01T12:00:00Z");
const STARTED = new Date("2025-06-01T12:00:02.500Z");
const PUBLISHED = 1_748_779_200;

/** One instance of that owner, which runs unless it is said otherwise. */
export function aView(
  ref: string,
  owner: string,
  changes: Partial<ExecutionView> = {},
): ExecutionView {
  const vmHash = parseItemHash(ref);
  if (vmHash === undefined) throw new Error(`${ref} is no hash`);
  return {
    record: aRecord(vmHash, owner),
    content: contentOf(vmHash, owner),
    state: "running",
    running: true,
    awaitingConfidentialInit: false,
    reason: undefined,
    ...changes,
  };
}

function aRecord(vmHash: ItemHash, owner: string): ExecutionRecord {
  const message = messageOf(vmHash, owner);
  return {
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
      defined: DEFINED,
      preparing: DEFINED,
      prepared: DEFINED,
      starting: DEFINED,
      started: STARTED,
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
  };
}

function messageOf(itemHash: ItemHash, address: string): StoredMessage {
  const resources = { vcpus: 1, memory: 256, seconds: 30 };
  const content = { address, time: PUBLISHED, resources };
  const raw = { content };
  return {
    itemHash,
    type: "INSTANCE",
    sender: address,
    chain: "ETH",
    time: PUBLISHED,
    content,
    raw,
  };
}

function contentOf(ref: ItemHash, address: string): InstanceContent {
  return {
    kind: "instance",
    address,
    time: PUBLISHED,
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
    rootfs: { parent: { ref, useLatest: false }, persistence: "host", sizeMiB: 1024 },
  };
}
