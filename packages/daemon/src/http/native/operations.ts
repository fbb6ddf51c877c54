/** Alcove's own API: what the OpenAPI document says of it. */

import { Type } from "typebox";

import { HostState, VmEvent } from "@alcove/api";

import { json, type Operations } from "../operation.ts";

export const nativeOperations: Operations = {
  "GET /host": {
    id: "getHost",
    summary: "What the host has, and what its VMs were promised",
    answers: { 200: json(HostState, "The host") },
    refusals: [],
  },
  "GET /events": {
    id: "listEvents",
    summary: "What has happened to VMs",
    parameters: { limit: "newest so many; default 100, at most 1000" },
    answers: { 200: json(Type.Array(VmEvent), "Newest first") },
    refusals: [400],
  },
  "GET /vms/:hostname/console": {
    id: "followConsole",
    summary: "The serial console as it is written, without an end",
    answers: {
      200: {
        description: "Bytes as the guest wrote them",
        content: { "application/octet-stream": Type.Unsafe({ type: "string" }) },
      },
    },
    refusals: [404],
  },
};
