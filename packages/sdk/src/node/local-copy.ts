/** What a copy between this machine and a guest is told, and what it tells. */

import type { CopyMode } from "../copy.ts";

/** The two ends. */
export interface CopyEnds {
  readonly hostname: string;
  /** path on this machine */
  readonly local: string;
  /** path in the guest; `~` is a home directory */
  readonly guest: string;
}

export interface LocalCopyOptions {
  /** what must be copied: `tar` a directory, `binary` a file; default: whatever it is */
  readonly mode?: CopyMode;
  /** owner in the guest, of copies into it; default: its default user */
  readonly uid?: number;
  readonly gid?: number;
  /** octal; default: what the source has */
  readonly permissions?: string;
  /** patterns: `*` and `?` stay within a name, `**` spans directories; one without a slash is tried on every name */
  readonly exclude?: readonly string[];
  /** told of progress: how many bytes more */
  readonly onBytes?: (count: number) => void;
  /** told of each link or special file that is left out */
  readonly onSkip?: (path: string) => void;
}

/** Passes bytes on and counts them. */
export async function* counted<B extends Uint8Array>(
  content: AsyncIterable<B>,
  onBytes: ((count: number) => void) | undefined,
): AsyncGenerator<B> {
  for await (const chunk of content) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
