/**
 * Names of messages and files: what the Aleph network calls an item hash.
 *
 * Three shapes: SHA-256 in 64 lower-case hexadecimal digits ("storage"), and the two of IPFS. VMs always
 * have the first one: host names and IPv6 addresses are made from its digits.
 */

export type ItemHash = string & { readonly __brand: "ItemHash" };
export type ItemHashKind = "storage" | "ipfs";

const STORAGE = /^[0-9a-f]{64}$/;
const IPFS_V0 = /^Qm[1-9A-HJ-NP-Za-km-z]{42,44}$/;
const IPFS_V1 = /^bafy[a-z2-7]{55}$/;

/** @returns `undefined` for what is none */
export function parseItemHash(text: string): ItemHash | undefined {
  return isItemHash(text) ? text : undefined;
}

/** Where the file or message of that name is kept in the network. */
export function kindOfHash(hash: ItemHash): ItemHashKind {
  return STORAGE.test(hash) ? "storage" : "ipfs";
}

/** what the network says of a text that is none */
export function notAHash(text: string): string {
  return `Could not determine hash type: '${text}'`;
}

/** the label that a VM goes by, as a host name and in domains: base32 (RFC 4648) of the hash, lower case, unpadded, 52 characters */
export function hostLabelOf(hash: ItemHash): string {
  const bytes = Buffer.from(hash, "hex");
  let label = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      label += BASE32[(held >> bits) & 31] ?? "";
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? label : label + (BASE32[(held << (5 - bits)) & 31] ?? "");
}

/** @returns the hash that a label stands for; `undefined` when it stands for none */
export function hashOfHostLabel(label: string): ItemHash | undefined {
  if (!/^[a-z2-7]{52}$/.test(label)) return undefined;
  let hex = "";
  let bits = 0;
  let held = 0;
  for (const character of label) {
    held = (held << 5) | BASE32.indexOf(character);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    hex += (held >> bits).toString(16).padStart(2, "0");
    held &= (1 << bits) - 1;
  }
  const hash = parseItemHash(hex);
  return hash !== undefined && hostLabelOf(hash) === label ? hash : undefined;
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

function isItemHash(text: string): text is ItemHash {
  return STORAGE.test(text) || IPFS_V0.test(text) || IPFS_V1.test(text);
}
