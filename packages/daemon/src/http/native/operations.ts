/** Alcove's own API: what the OpenAPI document says of it. */

import { Type } from "typebox";

import { ForkAnswer, HostState, VmEvent } from "@alcove/api";

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
  "POST /vms/:hostname/fork": {
    id: "forkVm",
    summary:
      "Make children of a VM that runs: with its memory and its disk, each somebody of its own",
    description:
      "The source stands still while it is copied, and goes on. A child that does not become somebody of its own is gone again, and told of in `failures`; when there is none at all, the request fails as the first of them did.",
    answers: { 200: json(ForkAnswer, "The children") },
    refusals: [400, 403, 404, 408, 409, 413, 501, 503],
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
