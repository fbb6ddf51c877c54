/**
 * One secret as it rests in a file. Pure: bytes in, bytes out.
 *
 *     magic "ALCOVE-SECRET\x01" · u16 length of facts · facts as JSON · nonce · sealed content · tag
 *
 * AES-256-GCM. Everything before the nonce is in clear and authenticated, so that neither the facts
 * nor the name can be changed without the key; a record under another file name is refused, too.
 */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

import type { Secret, SecretFacts } from "#core/ports/secret-vault.ts";
import { MAX_SECRET_BYTES } from "#core/secrets/secrets.ts";
import { SecretBytes } from "#core/secrets/secret-bytes.ts";

export const KEY_BYTES = 32;
const CIPHER = "aes-256-gcm";
const MAGIC = Buffer.from("ALCOVE-SECRET\x01", "latin1");
const LENGTH_BYTES = 2;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_FACTS_BYTES = 1024;

/** nothing larger is read */
export const MAX_RECORD_BYTES =
  MAGIC.length + LENGTH_BYTES + MAX_FACTS_BYTES + NONCE_BYTES + MAX_SECRET_BYTES + TAG_BYTES;

export function sealed({ content, ...facts }: Secret, key: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(facts));
  if (text.length > MAX_FACTS_BYTES) throw new Error("invariant: a secret's facts are short");
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(text.length);
  const open = Buffer.concat([MAGIC, length, text]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(open);
  const closed = Buffer.concat([cipher.update(content.reveal()), cipher.final()]);
  return Buffer.concat([open, nonce, closed, cipher.getAuthTag()]);
}

/** @throws Error that says what is wrong with the record, without showing anything of it */
export function unsealed(record: Buffer, key: Uint8Array): Secret {
  const start = MAGIC.length + LENGTH_BYTES;
  if (!record.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error("it is no sealed secret");
  if (record.length < start) throw new Error("it is cut short");
  const end = start + record.readUInt16BE(MAGIC.length);
  if (record.length < end + NONCE_BYTES + TAG_BYTES) throw new Error("it is cut short");
  const nonce = record.subarray(end, end + NONCE_BYTES);
  const tag = record.subarray(-TAG_BYTES);
  const closed = record.subarray(end + NONCE_BYTES, -TAG_BYTES);
  const content = opened({ closed, nonce, tag, open: record.subarray(0, end) }, key);
  return { ...factsIn(record.subarray(start, end)), content: new SecretBytes(content) };
}

interface Parts {
  readonly open: Buffer;
  readonly nonce: Buffer;
  readonly closed: Buffer;
  readonly tag: Buffer;
}

function opened({ open, nonce, closed, tag }: Parts, key: Uint8Array): Buffer {
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv(CIPHER, key, nonce, options).setAAD(open).setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(closed), decipher.final()]);
  } catch (cause) {
    throw new Error("it was changed, or sealed with another key", { cause });
  }
}

/** Authenticated: this host wrote it, so its shape is ours. */
function factsIn(text: Buffer): SecretFacts {
  const facts: Omit<SecretFacts, "modifiedAt"> & { modifiedAt: string } = JSON.parse(
    text.toString(),
  );
  return { ...facts, modifiedAt: new Date(facts.modifiedAt) };
}
