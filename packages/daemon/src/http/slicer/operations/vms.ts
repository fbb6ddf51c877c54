/** VMs and their lives: what the OpenAPI document says of them. */

import { Type } from "typebox";

import { json, type Operations, plainText } from "../../operation.ts";
import { Created, Deleted, Described, Health, Logs, Metered, Node, Tags } from "../shapes.ts";

const filter = {
  tag: "only VMs with exactly this tag",
  tag_prefix: "only VMs with a tag that begins so; not together with tag",
};
/** of everything that changes what a VM's machine does */
const NOT_IN_THIS_PHASE = [404, 409, 501];

export const vmOperations: Operations = {
  "GET /nodes": {
    id: "listNodes",
    summary: "The VMs of this host",
    parameters: filter,
    answers: { 200: json(Type.Array(Node), "Oldest first") },
    refusals: [400],
  },
  "GET /hostgroup/:group/nodes": {
    id: "listGroupNodes",
    summary: "The VMs of one host group",
    parameters: filter,
    answers: { 200: json(Type.Array(Node), "Oldest first") },
    refusals: [400, 404],
  },
  "POST /hostgroup/:group/nodes": {
    id: "createNode",
    summary: "Create a VM and start it",
    description:
      "Without `wait` it is answered as soon as the VM is on its way. A wait that ends without success deletes the VM first; a client that leaves keeps it.",
    parameters: {
      wait: "agent: until it can be used; userdata: until its script has ended, too",
      timeout:
        "how long to wait at most, as a Go duration such as 90s or 2m0s; default 5m, at most 1h",
    },
    answers: { 201: json(Created, "The VM") },
    refusals: [400, 404, 408, 409, 413, 501, 502, 503],
  },
  "DELETE /hostgroup/:group/nodes/:hostname": {
    id: "deleteNode",
    summary: "End a VM and remove all that is left of it, its disk included",
    answers: { 200: json(Deleted, "It is gone") },
    refusals: [404, 409],
  },
  "GET /nodes/stats": {
    id: "listStats",
    summary: "What the guests' meters read",
    answers: { 200: json(Type.Array(Metered), "Every VM, also those that cannot be asked") },
    refusals: [],
  },
  "GET /node/:hostname/stats": {
    id: "getStats",
    summary: "What one guest's meter reads",
    description:
      "A request without `Accept` and with exactly `Accept-Encoding: gzip`, as Slicer's Go SDK sends it, gets a list of one.",
    answers: { 200: json(Type.Union([Metered, Type.Array(Metered)]), "The VM") },
    refusals: [404],
  },
  "GET /vm/:hostname": {
    id: "describeVm",
    summary: "All that is known of one VM",
    answers: { 200: json(Described, "The VM") },
    refusals: [404],
  },
  "GET /vm/:hostname/health": {
    id: "getHealth",
    summary: "Whether the agent in the guest answers",
    description: "Asks the guest, and answers within 1.5 s.",
    answers: { 200: json(Health, "It does") },
    refusals: [404, 409, 503],
    head: "documented",
  },
  "GET /vm/:hostname/logs": {
    id: "getLogs",
    summary: "The last lines of the serial console",
    parameters: { lines: "how many; absent: 20; 0: all that is kept" },
    answers: { 200: json(Logs, "The lines") },
    refusals: [400, 404],
  },
  "POST /vm/:hostname/pause": {
    id: "pauseVm",
    summary: "Stop the VM's processors; its memory stays",
    answers: { 200: plainText("It is paused") },
    refusals: NOT_IN_THIS_PHASE,
  },
  "POST /vm/:hostname/resume": {
    id: "resumeVm",
    summary: "Let a paused VM go on",
    answers: { 200: plainText("It runs") },
    refusals: NOT_IN_THIS_PHASE,
  },
  "POST /vm/:hostname/shutdown": {
    id: "shutDownVm",
    summary: "Ask the guest to shut down or to reboot",
    description:
      "Answered when the guest has been asked. The action is read from the query, then from the body.",
    parameters: { action: "shutdown (default) or reboot" },
    answers: { 200: plainText("It was asked") },
    refusals: [400, 404, 409, 413, 501, 503],
  },
  "POST /vm/:hostname/suspend": {
    id: "suspendVm",
    summary: "Keep the VM's memory on the disk and end its machine",
    description:
      "A paused VM can be suspended, too. It holds no memory or processors of the host until it is restored.",
    answers: { 200: plainText("It is suspended") },
    refusals: [...NOT_IN_THIS_PHASE, 503],
  },
  "POST /vm/:hostname/restore": {
    id: "restoreVm",
    summary: "Let a suspended VM go on where it was",
    description:
      "Without `wait` it is answered when the restore is under way. A wait that ends without success changes nothing: the restore goes on.",
    parameters: {
      wait: "agent: until it can be used",
      timeout:
        "how long to wait at most, as a Go duration such as 90s or 2m0s; default 5m, at most 1h",
    },
    answers: { 200: plainText("It runs, or will soon") },
    refusals: [400, 408, ...NOT_IN_THIS_PHASE, 503],
  },
  "POST /vm/:hostname/relaunch": {
    id: "relaunchVm",
    summary: "Start a stopped persistent VM again from its own disk",
    answers: { 200: json(Created, "The VM, under its old name and address") },
    refusals: [404, 409, 501, 503],
  },
  "GET /vm/:hostname/tags": {
    id: "getTags",
    summary: "A VM's tags",
    answers: { 200: json(Tags, "All of them") },
    refusals: [404],
  },
  "PATCH /vm/:hostname/tags": {
    id: "changeTags",
    summary: "Add and remove tags, or replace them all",
    answers: { 200: json(Tags, "All of them, after the change") },
    refusals: [400, 404, 409, 413],
  },
};
