/** Bytes as Node's programs have them. */

import type { Codec } from "../wire.ts";

export const bufferCodec: Codec<Buffer> = {
  fromText: (text) => Buffer.from(text, "utf8"),
  fromBase64: (text) => Buffer.from(text, "base64"),
  toBase64: (bytes) => view(bytes).toString("base64"),
  concat: (parts) => {
    const [first, second] = parts;
    return first && !second ? view(first) : Buffer.concat(parts);
  },
};

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
