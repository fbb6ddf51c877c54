/** Alcove's own API: what the OpenAPI document says of it. */

import { Type } from "typebox";

import {
  ForkAnswer,
  Pool,
  Template,
  TemplateList,
  TemplateWork,
  VmDetails,
  VmEvent,
  VmSummary,
} from "@alcove/api";

import { json, type Operations } from "../operation.ts";
import { imageOperations } from "./image-operations.ts";
import { terminalOperations } from "./terminal-operations.ts";
import { hostOperations } from "./host-operations.ts";
import { sessionOperations } from "./session-operations.ts";

export const nativeOperations: Operations = {
  ...sessionOperations,
  ...hostOperations,
  "GET /events": {
    id: "listEvents",
    summary: "What has happened to VMs, or what happens from now on",
    description:
      "With `Accept: text/event-stream` the answer has no end: `hello`, then `vm` for each change of a phase, `changed` for what else has changed of what lists show, `host` when the host was measured, and a comment every 15 s. Who comes again with the last id, as `Last-Event-ID` or `after`, misses nothing and is told nothing twice; `gap` says that what came between is not kept any more. A reader that takes nothing for a minute is cut off.",
    parameters: {
      limit: "newest so many; default 100, at most 1000; not of a stream",
      after: "of a stream: begin behind the event with this id; default: from now on",
    },
    answers: {
      200: {
        description: "Newest first; or a stream",
        content: {
          "application/json": Type.Array(VmEvent),
          "text/event-stream": Type.Unsafe({ type: "string" }),
        },
      },
    },
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
  "GET /pools": {
    id: "listPools",
    summary: "Machines of host groups that are made ahead, and how many VMs found one",
    answers: { 200: json(Type.Array(Pool), "The groups that have a pool") },
    refusals: [],
  },
  "GET /templates": {
    id: "listTemplates",
    summary: "Templates of memory that VMs come from, and those that are being built",
    answers: { 200: json(TemplateList, "Those that there are, and those under way") },
    refusals: [],
  },
  "POST /templates": {
    id: "buildTemplate",
    summary: "Build a template for VMs of a host group, unless it is there",
    description:
      "Without it the first VM of an image and size boots, and the template is built in the background afterwards.",
    answers: {
      200: json(Template, "It was there already"),
      201: json(Template, "It is there now"),
      202: json(TemplateWork, "It is under way: the answer to `wait: false`"),
    },
    refusals: [400, 404, 409, 501, 503],
  },
  "DELETE /templates/:id": {
    id: "deleteTemplate",
    summary: "Remove a template; VMs that came from it live on",
    answers: { 200: json(Template, "As it was") },
    refusals: [404],
  },
  ...terminalOperations,
  ...imageOperations,
  "GET /vms": {
    id: "listVmAccounts",
    summary:
      "All VMs: what they are, how they began, what they take of the host, and what may be asked of them",
    parameters: {
      memory: "`none`: do not look at their processes, which is cheap for many; default `all`",
    },
    answers: { 200: json(Type.Array(VmSummary), "Oldest first") },
    refusals: [400],
  },
  "GET /vms/:hostname": {
    id: "getVmAccount",
    summary: "How a VM began, step by step, what it takes, and what its agent has confirmed",
    answers: { 200: json(VmDetails, "The VM") },
    refusals: [404],
  },
  "GET /vms/:hostname/events": {
    id: "listVmEvents",
    summary: "What has happened to one VM",
    parameters: {
      limit: "newest so many; default 100, at most 1000",
      before: "only those before the event with this id",
    },
    answers: { 200: json(Type.Array(VmEvent), "Newest first") },
    refusals: [400, 404],
  },
  "GET /vms/:hostname/console": {
    id: "followConsole",
    summary: "The serial console as it is written, without an end",
    parameters: {
      tail_bytes: "begin with the newest so many bytes of what is kept; default 0, at most 9999999",
    },
    answers: {
      200: {
        description: "Bytes as the guest wrote them",
        content: { "application/octet-stream": Type.Unsafe({ type: "string" }) },
      },
    },
    refusals: [400, 404],
  },
};
