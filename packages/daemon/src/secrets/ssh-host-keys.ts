/**
 * Host keys for a guest's sshd, made here: an emulated guest would take seconds for one.
 *
 * The file's format is OpenSSH's own (PROTOCOL.key in its sources), without a passphrase.
 */

import { generateKeyPairSync, randomBytes } from "node:crypto";

import type { SshHostKey } from "#core/ports/guest-identity.ts";

const KEY_TYPE = "ssh-ed25519";
const MAGIC = "openssh-key-v1\0";
/** of the unencrypted part, in bytes */
const BLOCK_BYTES = 8;
/** of a line of base64, as ssh-keygen writes it */
const LINE_CHARS = 70;

/** @param comment ends the public line, as `root@host` does */
export function newHostKey(comment: string): SshHostKey {
  const pair = generateKeyPairSync("ed25519");
  const { d = "", x = "" } = pair.privateKey.export({ format: "jwk" });
  const secret = Buffer.from(d, "base64url");
  const open = Buffer.from(x, "base64url");
  const blob = Buffer.concat([field(KEY_TYPE), field(open)]);
  const file = Buffer.concat([
    Buffer.from(MAGIC),
    field("none"), // cipher
    field("none"), // key derivation
    field(""), // its options
    uint32(1), // keys
    field(blob),
    field(privatePart(secret, open, comment)),
  ]);
  return {
    type: "ed25519",
    privateKey: pem(file),
    publicKey: `${KEY_TYPE} ${blob.toString("base64")} ${comment}`,
  };
}

function privatePart(secret: Buffer, open: Buffer, comment: string): Buffer {
  const check = randomBytes(4); // twice the same: how a reader knows that it deciphered well
  const part = Buffer.concat([
    check,
    check,
    field(KEY_TYPE),
    field(open),
    field(Buffer.concat([secret, open])),
    field(comment),
  ]);
  const missing = (BLOCK_BYTES - (part.length % BLOCK_BYTES)) % BLOCK_BYTES;
  return Buffer.concat([part, Buffer.from(Array.from({ length: missing }, (_, at) => at + 1))]);
}

function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function pem(file: Buffer): string {
  const lines = file.toString("base64").match(new RegExp(`.{1,${LINE_CHARS}}`, "g")) ?? [];
  const name = "OPENSSH PRIVATE KEY";
  return [`-----BEGIN ${name}-----`, ...lines, `-----END ${name}-----`, ""].join("\n");
}
