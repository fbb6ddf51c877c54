/** Messages of the Aleph network that tests put somewhere. */

import assert from "node:assert/strict";

import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";

/** An address of a well-known test account; its key is public. */
export const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

const ITEM_CONTENT = `{"address":"${OWNER}","time":1748779200.0,"allow_amend":false,"environment":{"internet":true,"aleph_api":true,"hypervisor":"qemu"},"resources":{"vcpus":1,"memory":256,"seconds":30},"payment":{"chain":"ETH","type":"hold"},"rootfs":{"parent":{"ref":"${"a".repeat(64)}","use_latest":false},"persistence":"host","size_mib":1024},"volumes":[{"mount":"/opt/data","name":"data","persistence":"host","size_mib":64}],"authorized_keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ test@example"]}`;

/** A whole message whose signature verifies. */
export const SIGNED_MESSAGE: Readonly<Record<string, unknown>> = {
  chain: "ETH",
  sender: OWNER,
  type: "INSTANCE",
  channel: "TEST",
  time: 1_748_779_200,
  item_type: "inline",
  item_content: ITEM_CONTENT,
  item_hash: "6899233960e150e08e89e9f813000c4fddde1f53e725c6d0716917a5c7526d7b",
  signature:
    "0x5360e55846e2f3fef3968b7c0a40b8a853eb24df9f256a83b3fcd81cb47fc87559996007ccb0a546b90ea7e411ad3b8e223848aef2c622f37d4a30b3eaea4de01b",
  content: JSON.parse(ITEM_CONTENT),
};

export const SIGNED_HASH = hashOf(String(SIGNED_MESSAGE["item_hash"]));

/** content of an instance that all rules accept */
export function instanceContent(changes: Readonly<Record<string, unknown>> = {}): object {
  return { ...JSON.parse(ITEM_CONTENT), ...changes };
}

/** A hash of one repeated digit. */
export function hashOfDigit(digit: string): ItemHash {
  return hashOf(digit.repeat(64));
}

/** A whole message that nobody has signed: what an administrator may import. */
export function unsignedMessage(
  itemHash: ItemHash,
  type: string,
  content: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const whole = { address: OWNER, time: 1_748_779_200, ...content };
  return {
    sender: whole.address,
    chain: "ETH",
    type,
    time: whole.time,
    item_type: "storage",
    item_hash: itemHash,
    signature: null,
    content: whole,
  };
}

function hashOf(text: string): ItemHash {
  const hash = parseItemHash(text);
  assert.ok(hash !== undefined, `${text} is no hash`);
  return hash;
}
