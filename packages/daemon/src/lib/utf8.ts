/** Where UTF-8 text may be cut. */

/** @returns how many bytes at the end begin a character that is not complete: 0 to 3 */
export function incompleteTail(bytes: Uint8Array): number {
  const last = bytes.length - 1;
  for (let back = 0; back < 3 && back <= last; back += 1) {
    const byte = bytes[last - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return lengthFrom(byte) > back + 1 ? back + 1 : 0;
  }
  return 0;
}

function lengthFrom(lead: number): number {
  if (lead >= 0xf8) return 1; // no lead byte of UTF-8
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
