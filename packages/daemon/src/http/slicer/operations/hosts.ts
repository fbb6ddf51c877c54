/** The daemon itself, its host groups and secrets: what the OpenAPI document says of them. */

import { Type } from "typebox";

import { json, type Operations } from "../../operation.ts";
import { HostGroup, Info, Node, Secret } from "../shapes.ts";

export const hostOperations: Operations = {
  "GET /info": {
    id: "getInfo",
    summary: "Version and platform of the daemon",
    answers: { 200: json(Info, "What this daemon is") },
    refusals: [],
  },
  "GET /healthz": {
    id: "getHealthz",
    summary: "Whether the daemon serves",
    answers: { 200: json(Type.Object({ status: Type.Literal("ok") }), "It does") },
    refusals: [],
    head: "documented",
  },
  "GET /hostgroup": {
    id: "listHostGroups",
    summary: "The host groups, with what each VM of them gets at most",
    answers: { 200: json(Type.Array(HostGroup), "In the order of the configuration") },
    refusals: [],
  },
  "GET /devices": {
    id: "listDevices",
    summary: "The VMs, for tools that look for machines",
    answers: { 200: json(Type.Array(Node), "The same list as listNodes") },
    refusals: [],
  },
  "POST /daemon/shutdown": {
    id: "stopDaemon",
    summary: "Begin the daemon's orderly end",
    answers: { 202: { description: "It has begun" } },
    refusals: [],
  },
  "GET /secrets": {
    id: "listSecrets",
    summary: "The secrets, without their content",
    answers: { 200: json(Type.Array(Secret), "Facts about each") },
    refusals: [],
  },
  "POST /secrets": {
    id: "createSecret",
    summary: "Store a secret",
    needsBody: true,
    answers: { 201: { description: "It is stored" } },
    refusals: [400, 409, 413],
  },
  "PATCH /secrets/:name": {
    id: "changeSecret",
    summary: "Change a secret's content, owner or permissions",
    description: "Empty `data` leaves the content as it is.",
    answers: { 200: { description: "It is changed" } },
    refusals: [400, 404, 413],
  },
  "DELETE /secrets/:name": {
    id: "deleteSecret",
    summary: "Remove a secret",
    answers: { 200: { description: "It is gone; guests that have it keep it until they end" } },
    refusals: [400, 404],
  },
};
