/** Messages, files and aggregates from maps, and the instances that tests run. */

import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";
import type { StoredMessage } from "#core/aleph/message/content.ts";
import type { MessageSource, SourceChange } from "#core/aleph/ports/message-source.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import { Announcer } from "#lib/announcer.ts";

/** the address of the first account that every Ethereum development tool has */
export const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
export const STRANGER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/** 64 digits, all of them `digit` */
export function hashOf(digit: string): ItemHash {
  const hash = parseItemHash(digit.repeat(64));
  if (hash === undefined) throw new Error(`${digit} is no hexadecimal digit`);
  return hash;
}

export const PARENT = hashOf("a");

/** Content of an INSTANCE message, as it is published; what is given replaces what is here. */
export function instanceContent(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    address: OWNER,
    time: 1_748_779_200,
    allow_amend: false,
    environment: { internet: true, aleph_api: true, hypervisor: "qemu" },
    resources: { vcpus: 1, memory: 256, seconds: 30 },
    payment: { chain: "ETH", type: "hold" },
    rootfs: {
      parent: { ref: PARENT, use_latest: false },
      persistence: "host",
      size_mib: 1024,
    },
    volumes: [{ mount: "/opt/data", name: "data", persistence: "host", size_mib: 64 }],
    authorized_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ test@example"],
    ...changes,
  };
}

export function messageOf(
  itemHash: ItemHash,
  content: Readonly<Record<string, unknown>>,
): StoredMessage {
  const type = "code" in content ? "PROGRAM" : "INSTANCE";
  const envelope = { type, sender: OWNER, chain: "ETH", time: 1_748_779_200 } as const;
  return { itemHash, ...envelope, content, raw: { ...envelope, item_hash: itemHash, content } };
}

export const CODE = hashOf("d");

/** Content of a PROGRAM message whose runtime is `PARENT`. */
export function programContent(changes: Readonly<Record<string, unknown>> = {}) {
  const { rootfs: _none, authorized_keys: _keys, ...common } = instanceContent();
  return {
    ...common,
    type: "vm-function",
    environment: { reproducible: false, internet: false, aleph_api: false, shared_cache: false },
    volumes: [],
    variables: { GREETING: "good day" },
    code: {
      encoding: "plain",
      entrypoint: "serve",
      ref: CODE,
      interface: "binary",
      use_latest: false,
    },
    runtime: { ref: PARENT, use_latest: false, comment: "" },
    on: { http: true, persistent: false },
    ...changes,
  };
}

export class FakeSource implements MessageSource {
  readonly messages = new Map<ItemHash, StoredMessage>();
  readonly files = new Map<ItemHash, string>([
    [PARENT, "/store/parent.qcow2"],
    [CODE, "/store/code"],
  ]);
  /** newest versions of files, by their first names */
  readonly newest = new Map<ItemHash, ItemHash>();
  /** by address in lower case and key */
  readonly aggregates = new Map<string, unknown>();
  readonly forgotten = new Set<ItemHash>();
  /** whether the network can be reached */
  reachable = true;
  readonly #changes = new Announcer<SourceChange>();

  publish(itemHash: ItemHash, changes: Readonly<Record<string, unknown>> = {}): ItemHash {
    this.messages.set(itemHash, messageOf(itemHash, instanceContent(changes)));
    return itemHash;
  }

  publishProgram(itemHash: ItemHash, changes: Readonly<Record<string, unknown>> = {}): ItemHash {
    this.messages.set(itemHash, messageOf(itemHash, programContent(changes)));
    return itemHash;
  }

  /** What an owner wants forwarded to one VM: port and flags. */
  wantPorts(vmHash: ItemHash, ports: Readonly<Record<string, unknown>>): void {
    this.aggregates.set(`${OWNER.toLowerCase()} port-forwarding`, { [vmHash]: { ports } });
  }

  change(change: SourceChange): void {
    this.#changes.announce(change);
  }

  async message(hash: ItemHash): Promise<StoredMessage | undefined> {
    return this.forgotten.has(hash) ? undefined : this.messages.get(hash);
  }

  async isForgotten(hash: ItemHash): Promise<boolean> {
    return this.forgotten.has(hash);
  }

  async latest(ref: ItemHash): Promise<ItemHash> {
    return this.newest.get(ref) ?? ref;
  }

  async file(ref: ItemHash): Promise<string> {
    const found = this.files.get(ref);
    if (found === undefined) throw new Refusal("not found", `No file ${ref}`);
    return found;
  }

  async aggregate(address: string, key: string): Promise<unknown> {
    if (!this.reachable) throw new Error("the network cannot be reached");
    return this.aggregates.get(`${address.toLowerCase()} ${key}`);
  }

  async balance(): Promise<{ tokens: number; credits: number }> {
    return { tokens: 0, credits: 0 };
  }

  async price(): Promise<undefined> {
    return undefined;
  }

  onChange(listener: (change: SourceChange) => void): Disposable {
    return this.#changes.listen(listener);
  }
}
