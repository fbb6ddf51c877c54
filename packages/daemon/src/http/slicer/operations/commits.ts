/** Commits: what the OpenAPI document says of them. */

import { Type } from "typebox";

import { json, type Operations } from "../../operation.ts";
import { Commit, CommitDeleted, Committed, Forked } from "../commit-shapes.ts";

export const commitOperations: Operations = {
  "POST /vm/:hostname/commit": {
    id: "commitVm",
    summary: "Keep the disk of a stopped VM, for others to begin with",
    description:
      "The VM stays, and goes on with a disk that holds the same. Asked again with the same `cache_key` before the VM has written anything, it answers with the commit that there is; a key that belongs to another disk is refused.",
    answers: { 200: json(Committed, "The commit") },
    refusals: [400, 404, 409, 413, 503],
  },
  "GET /vm/commits": {
    id: "listCommits",
    summary: "The commits of this host",
    parameters: {
      tag: "only commits with this tag; repeated: with all of them",
      cache_key: "only the commit with this key",
      source: "only commits of the VM with this host name",
      mode: "disk (all are)",
    },
    answers: { 200: json(Type.Array(Commit), "Oldest first") },
    refusals: [],
  },
  "DELETE /vm/commits/:id": {
    id: "deleteCommit",
    summary: "Give up a commit",
    description: "Refused while the VM that it was made of, or any child of it, exists.",
    answers: { 200: json(CommitDeleted, "It is gone") },
    refusals: [404, 409],
  },
  "POST /vm/commits/:id/fork": {
    id: "forkCommit",
    summary: "Create a VM that begins with the disk of a commit, and boot it",
    description:
      "It has the next free host name of the source's group, and is what the source was unless the body says otherwise. Before anybody can use it, its guest gets a machine id and SSH host keys of its own (`fixups`); a guest that cannot do that is deleted. Userdata does not run again. A wait that ends without success deletes the child first.",
    parameters: {
      wait: "agent: until it can be used; none or absent: answered when it is on its way",
      timeout:
        "how long to wait at most, as a Go duration such as 90s or 2m0s; default 5m, at most 1h",
    },
    answers: { 200: json(Forked, "The child") },
    refusals: [400, 404, 408, 409, 413, 503],
  },
};
