/** What a commit is, as plain values: the disk of a stopped VM, kept as it was, for others to begin with. */

import { invalidRequest } from "../errors.ts";
import type { CommitId, LayerId, VmId } from "../ids.ts";
import { tagProblems } from "../vm/tags.ts";
import type { VmSpec } from "../vm/vm.ts";

export interface Commit {
  readonly id: CommitId;
  /** the VM whose disk it was; it may be gone, and another may have its host name */
  readonly sourceId: VmId;
  readonly sourceHostname: string;
  readonly group: string;
  /** the image at the very bottom, by id */
  readonly imageId: string;
  readonly layer: LayerId;
  readonly createdAt: Date;
  /** what the client knows its content by; no two commits have the same */
  readonly cacheKey: string | undefined;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** what the source was, and its children are unless they are asked to be otherwise */
  readonly spec: VmSpec;
}

/** What a client may say of a commit. */
export interface CommitOrder {
  readonly cacheKey: string | undefined;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const MAX_CACHE_KEY_CHARS = 256;
const MAX_LABELS = 64;
const MAX_LABEL_NAME_CHARS = 128;
const MAX_LABEL_CHARS = 1024;

/** @throws AlcoveError `invalid_request` */
export function checkOrder({ cacheKey, tags, labels }: CommitOrder): void {
  const [problem] = tagProblems(tags);
  if (problem !== undefined) throw invalidRequest("tags", problem);
  if (cacheKey !== undefined && (cacheKey.length > MAX_CACHE_KEY_CHARS || hasControl(cacheKey)))
    throw invalidRequest(
      "cache_key",
      `must be one line of at most ${MAX_CACHE_KEY_CHARS} characters`,
    );
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) throw invalidRequest("labels", `at most ${MAX_LABELS}`);
  for (const [name, value] of entries) {
    if (name === "" || name.length > MAX_LABEL_NAME_CHARS || hasControl(name))
      throw invalidRequest(
        "labels",
        `a name must be one line of 1 to ${MAX_LABEL_NAME_CHARS} characters`,
      );
    if (value.length > MAX_LABEL_CHARS || value.includes("\0"))
      throw invalidRequest(
        `labels.${name}`,
        `at most ${MAX_LABEL_CHARS} characters, none of them zero`,
      );
  }
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** What a list may be narrowed to; `undefined` takes all. */
export interface CommitFilter {
  /** all of them must be there */
  readonly tags: readonly string[];
  readonly cacheKey: string | undefined;
  /** host name of the source */
  readonly source: string | undefined;
}

export function passes(commit: Commit, { tags, cacheKey, source }: CommitFilter): boolean {
  if (cacheKey !== undefined && commit.cacheKey !== cacheKey) return false;
  if (source !== undefined && commit.sourceHostname !== source) return false;
  return tags.every((tag) => commit.tags.includes(tag));
}
