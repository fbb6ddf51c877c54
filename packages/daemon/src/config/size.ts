/** Sizes as people write them in the configuration: `25G`, `512M`, `1GiB`. */

import { GIB, KIB, MIB } from "#lib/bytes.ts";

const SIZE = /^(\d{1,15})\s*([KMGT])i?B?$/i;
const UNITS: Readonly<Record<string, number>> = { K: KIB, M: MIB, G: GIB, T: 1024 * GIB };

/** @returns bytes; units are powers of 1024. `undefined` when the text is no size */
export function parseSize(text: string): number | undefined {
  const [, digits, letter] = SIZE.exec(text.trim()) ?? [];
  const unit = UNITS[letter?.toUpperCase() ?? ""];
  return unit === undefined ? undefined : Number(digits) * unit;
}
