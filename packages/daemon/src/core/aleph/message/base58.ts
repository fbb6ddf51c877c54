/** Base58 as Bitcoin, IPFS and Solana write it. Pure. */

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** work grows with the square of the length; keys and signatures are shorter */
const MAX_CHARS = 128;

/** @returns `undefined` for what is none, or longer than 128 characters */
export function bytesOfBase58(text: string): Uint8Array | undefined {
  if (text.length > MAX_CHARS) return undefined;
  let number = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    number = number * 58n + BigInt(digit);
  }
  const hex = number === 0n ? "" : number.toString(16);
  const zeros = text.length - text.replace(/^1+/, "").length;
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return Buffer.concat([Buffer.alloc(zeros), bytes]);
}
