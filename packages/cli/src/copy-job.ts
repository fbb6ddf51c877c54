/** What a copy is told, and what it tells. */

import type { HostApi } from "@alcove/sdk";

export interface CopyFlags {
  readonly mode?: "tar" | "binary";
  readonly uid?: number;
  readonly gid?: number;
  /** octal digits */
  readonly permissions?: string;
  readonly exclude?: readonly string[];
  /** `false`: the directory's ignore files mean nothing */
  readonly ignoreFiles?: boolean;
}

export interface CopyJob {
  readonly client: HostApi;
  readonly flags: CopyFlags;
  readonly watcher: CopyWatcher;
  readonly signal: AbortSignal;
}

export interface CopyWatcher {
  /** told of progress: how many bytes more */
  readonly onBytes: (count: number) => void;
  /** told of what cannot be copied */
  readonly onSkip: (path: string) => void;
}
