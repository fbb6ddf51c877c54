/** The shapes of answers about commits, for the OpenAPI document. */

import { Type } from "typebox";

import { Time } from "./shapes.ts";

const Said = {
  tags: Type.Array(Type.String()),
  labels: Type.Record(Type.String(), Type.String()),
  cache_key: Type.Optional(Type.String({ description: "absent when none was given" })),
};
const CommitMode = Type.String({ description: "disk: no memory is kept" });

export const Committed = Type.Object({
  hostname: Type.String(),
  commit_id: Type.String(),
  status: Type.String({ description: "committed" }),
  parent_status: Type.String({ description: "stopped" }),
  mode: CommitMode,
  ...Said,
});

export const Commit = Type.Object({
  commit_id: Type.String(),
  source_hostname: Type.String(),
  source_host_group: Type.String(),
  created_at: Time,
  mode: CommitMode,
  ...Said,
});

export const CommitDeleted = Type.Object({
  commit_id: Type.String(),
  status: Type.String({ description: "deleted" }),
});

export const Forked = Type.Object({
  hostname: Type.String({ description: "the child's" }),
  source_hostname: Type.String(),
  commit_id: Type.String(),
  status: Type.String({ description: "forked" }),
  parent_status: Type.String({ description: "the source's now: stopped, running …, or deleted" }),
  child_status: Type.String({ description: "running or starting" }),
  mode: CommitMode,
  persistent: Type.Boolean(),
});
