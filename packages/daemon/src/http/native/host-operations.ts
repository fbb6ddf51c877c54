/** The host, its groups and what is sampled: what the OpenAPI document says of them. */

import { Type } from "typebox";

import { Group, HostMeters, HostState, VmMeters } from "@alcove/api";

import { json, type Operations } from "../operation.ts";

const AFTER = {
  after: "only samples later than this, in ms since the epoch; default all there are",
};

export const hostOperations: Operations = {
  "GET /host": {
    id: "getHost",
    summary: "What the host is and has, what its VMs were promised, and what is worth a warning",
    answers: { 200: json(HostState, "The host") },
    refusals: [],
  },
  "GET /groups": {
    id: "listGroups",
    summary: "Host groups with their use, and what a launch there is held to now",
    answers: { 200: json(Type.Array(Group), "In the order of the configuration") },
    refusals: [],
  },
  "GET /host/meters": {
    id: "getHostMeters",
    summary: "What the host used over the last hour",
    parameters: AFTER,
    answers: { 200: json(HostMeters, "In columns, oldest first") },
    refusals: [400],
  },
  "GET /vms/:hostname/meters": {
    id: "getVmMeters",
    summary: "What a VM used over the last hour",
    description:
      "Its processor time is that of its process on the host, and needs no agent; the rest is what the guest counts. Nothing is sampled while it does not run.",
    parameters: AFTER,
    answers: { 200: json(VmMeters, "In columns, oldest first") },
    refusals: [400, 404],
  },
};
