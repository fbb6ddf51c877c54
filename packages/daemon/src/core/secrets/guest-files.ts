/** Putting small files of the host's own into a guest. */

import type { GuestLink } from "../ports/guest-link.ts";
import type { GuestUser } from "../ports/guest-user.ts";

export const ROOT: GuestUser = { uid: 0, gid: 0 };

export interface GuestFile {
  readonly path: string;
  readonly mode: number;
  readonly user: GuestUser;
}

/** Whole or not at all: whoever reads the path sees the old content or the new. */
export async function putFile(
  link: GuestLink,
  file: GuestFile,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const whole = { format: "file", placement: { kind: "exact" } } as const;
  await link.copyIn({ ...file, ...whole, unpackedSizeBytes: bytes.length }, oneOf(bytes), signal);
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
