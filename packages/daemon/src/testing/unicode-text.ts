/** Text of any characters, for properties: of one to four bytes in UTF-8, control characters included. */

import { type Arbitrary, array, integer, oneof } from "fast-check";

const SURROGATES_BEGIN = 0xd800;
const SURROGATES_END = 0xe000;

// fast-check's own strings of all characters take a second to set up.
const character = oneof(
  integer({ min: 0, max: 0x7f }),
  integer({ min: 0x80, max: 0x7ff }),
  integer({ min: 0x800, max: SURROGATES_BEGIN - 1 }),
  integer({ min: SURROGATES_END, max: 0x10_ffff }),
).map((point) => String.fromCodePoint(point));

export const unicodeText: Arbitrary<string> = array(character, { maxLength: 60 }).map((all) =>
  all.join(""),
);
