/** Bytes that requests bring in hexadecimal: pairs of digits of either case, and nothing else. */

const PAIRS = /^(?:[0-9a-fA-F]{2})*$/;

/** @returns `undefined` for anything else, a prefix of `0x` included */
export function bytesOfHex(text: string): Uint8Array | undefined {
  return PAIRS.test(text) ? Buffer.from(text, "hex") : undefined;
}

/** The same with or without `0x` in front. */
export function bytesOfPrefixedHex(text: string): Uint8Array | undefined {
  return bytesOfHex(text.startsWith("0x") ? text.slice(2) : text);
}
