/** Firmware images of confidential guests, looked at before a machine is made of them. */

import { stat } from "node:fs/promises";

import { Refusal } from "#core/aleph/refusal.ts";
import { MIB } from "#lib/bytes.ts";

/** what QEMU maps below 4 GiB */
const MAX_BYTES = 8 * MIB;
const PAGE_BYTES = 4096;

/** @throws Refusal `failed` for a file that no machine can boot by */
export async function mustBeFirmware(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0, // missing is as bad as empty
  );
  if (size > 0 && size <= MAX_BYTES && size % PAGE_BYTES === 0) return;
  const problem = `it has ${size} bytes, and must have a multiple of ${PAGE_BYTES} up to ${MAX_BYTES}`;
  throw new Refusal("failed", `The firmware of this VM cannot be used: ${problem}`);
}
