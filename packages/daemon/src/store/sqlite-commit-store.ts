/** Commits in SQLite. */

import type { Commit } from "#core/commit/commit.ts";
import { type CommitId, type LayerId, parseCommitId, parseLayerId, parseVmId } from "#core/ids.ts";
import type { CommitStore } from "#core/ports/commit-store.ts";

import { integer, optionalText, text } from "./columns.ts";
import { type Db, type Row, transaction } from "./db.ts";
import { specFromJson } from "./spec-column.ts";

export class SqliteCommitStore implements CommitStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  all(): readonly Commit[] {
    return this.#db
      .prepare("SELECT * FROM vm_commit ORDER BY created_at_ms, id")
      .all()
      .map(commitFromRow);
  }

  insert(commit: Commit): void {
    const insert = this.#db.prepare(
      `INSERT INTO vm_commit (id, source_vm_id, source_hostname, host_group, image_id, layer, created_at_ms,
         cache_key, tags_json, labels_json, spec_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    transaction(this.#db, () => {
      const { changes } = this.#db
        .prepare("UPDATE vm SET layer = ? WHERE id = ?")
        .run(commit.layer, commit.sourceId);
      if (changes !== 1) throw new Error(`invariant: no stored VM ${commit.sourceId} to commit`);
      insert.run(
        commit.id,
        commit.sourceId,
        commit.sourceHostname,
        commit.group,
        commit.imageId,
        commit.layer,
        commit.createdAt.getTime(),
        commit.cacheKey ?? null,
        JSON.stringify(commit.tags),
        JSON.stringify(commit.labels),
        JSON.stringify(commit.spec),
      );
    });
  }

  remove(id: CommitId): void {
    this.#db.prepare("DELETE FROM vm_commit WHERE id = ?").run(id);
  }

  layers(): readonly LayerId[] {
    return this.#db
      .prepare("SELECT DISTINCT layer FROM vm_commit")
      .all()
      .map((row) => parseLayerId(text(row, "layer")));
  }
}

function commitFromRow(row: Row): Commit {
  // Both were written by `insert` from checked values.
  const tags: readonly string[] = JSON.parse(text(row, "tags_json"));
  const labels: Readonly<Record<string, string>> = JSON.parse(text(row, "labels_json"));
  return {
    id: parseCommitId(text(row, "id")),
    sourceId: parseVmId(text(row, "source_vm_id")),
    sourceHostname: text(row, "source_hostname"),
    group: text(row, "host_group"),
    imageId: text(row, "image_id"),
    layer: parseLayerId(text(row, "layer")),
    createdAt: new Date(integer(row, "created_at_ms")),
    cacheKey: optionalText(row, "cache_key"),
    tags,
    labels,
    spec: specFromJson(text(row, "spec_json")),
  };
}
