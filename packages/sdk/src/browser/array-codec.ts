/** Bytes where there is no `Buffer`. */

import { AlcoveProtocolError } from "../errors.ts";
import type { Codec } from "../wire.ts";

/** Characters that `String.fromCharCode` is given at once; more would overflow the stack. */
const CHUNK = 0x8000;

export const arrayCodec: Codec<Uint8Array> = {
  fromText: (text) => new TextEncoder().encode(text),

  fromBase64: (text) => {
    let binary: string;
    try {
      binary = atob(text);
    } catch (cause) {
      throw new AlcoveProtocolError("The host sent base64 that is none", { cause });
    }
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  },

  toBase64: (bytes) => {
    let binary = "";
    for (let at = 0; at < bytes.length; at += CHUNK) {
      binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
    }
    return btoa(binary);
  },

  concat: (parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  },
};
