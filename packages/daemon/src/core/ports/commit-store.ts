/** Where commits are remembered. Every method is one transaction, durable when it returns. */

import type { Commit } from "../commit/commit.ts";
import type { CommitId, LayerId } from "../ids.ts";

export interface CommitStore {
  /** oldest first */
  all(): readonly Commit[];
  /** Stores a commit, and that the disk of its source stands on its layer from now on: both or neither. */
  insert(commit: Commit): void;
  remove(id: CommitId): void;
  /** what children would stand on */
  layers(): readonly LayerId[];
}
