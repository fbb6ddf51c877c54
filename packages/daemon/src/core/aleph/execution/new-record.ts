/** The record of an execution that begins. Pure. */

import type { ItemHash } from "../item-hash.ts";
import { type ExecutableContent, type StoredMessage, vmTypeOf } from "../message/content.ts";
import type { AlephSettings, ConfidentialSettings } from "../settings.ts";
import type { InstanceNetwork } from "./address-plan.ts";
import type { AssignedGpu, ConfidentialState, ExecutionRecord, ExecutionTimes } from "./record.ts";
import { StartError } from "./start-error.ts";

export interface NewExecution {
  readonly uuid: string;
  readonly vmHash: ItemHash;
  /** as published */
  readonly original: StoredMessage;
  /** with the versions of files that were taken */
  readonly message: StoredMessage;
  /** of `message` */
  readonly content: ExecutableContent;
  readonly network: InstanceNetwork;
  readonly gpus: readonly AssignedGpu[];
  readonly now: Date;
}

/** @throws StartError where this node has no machines of the wanted kind */
export function newRecord(
  { uuid, vmHash, original, message, content, network, gpus, now }: NewExecution,
  { confidential }: Pick<AlephSettings, "confidential">,
): ExecutionRecord {
  return {
    uuid,
    vmHash,
    vmId: network.vmId,
    vmType: vmTypeOf(content),
    network,
    message,
    original,
    times: justDefined(now),
    persistent: content.kind === "instance", // a program is kept for as long as it is called, unless somebody keeps it
    expiresAt: undefined,
    task: undefined,
    gpus,
    ports: [],
    ended: undefined,
    confidential: confidentialState(content, confidential),
  };
}

function justDefined(now: Date): ExecutionTimes {
  return {
    defined: now,
    preparing: undefined,
    prepared: undefined,
    starting: undefined,
    started: undefined,
    stopping: undefined,
    stopped: undefined,
  };
}

/** @throws StartError where this node has no confidential machines */
function confidentialState(
  content: ExecutableContent,
  { backend }: ConfidentialSettings,
): ConfidentialState | undefined {
  if (content.kind !== "instance" || !content.trustedExecution) return undefined;
  if (backend === "off") {
    throw new StartError("VmSetupError", "This node has no confidential computing");
  }
  const { policy, firmware } = content.trustedExecution;
  return { policy, firmware, step: "awaiting session", launch: undefined };
}
