/** What the OpenAPI document says of the host's node of the Aleph network. */

import { Type } from "typebox";

import {
  AlephCheck,
  AlephConfig,
  AlephDone,
  AlephExecution,
  AlephExecutionDetails,
  AlephNode,
  AlephUsage,
} from "@alcove/api";

import { json, type Operations } from "../operation.ts";

const OPERATOR =
  "Asks for the cookie of `POST /v1/aleph/operator` besides: these VMs belong to the wallets of others.";

export const alephOperations: Operations = {
  "GET /aleph": {
    id: "getAlephNode",
    summary: "Whether this host is a node of the Aleph network, and where",
    answers: { 200: json(AlephNode, "The node, or how to make the host one") },
    refusals: [],
  },
  "GET /aleph/usage": {
    id: "getAlephUsage",
    summary: "What the node has, and what is free of it",
    answers: { 200: json(AlephUsage, "As the node tells everybody") },
    refusals: [404],
  },
  "GET /aleph/executions": {
    id: "listAlephExecutions",
    summary: "Executions that the node knows, stopped ones too",
    answers: { 200: json(Type.Array(AlephExecution), "What the node's public lists tell") },
    refusals: [404],
  },
  "GET /aleph/checks/:check": {
    id: "checkAlephNode",
    summary: "Look whether the node is well",
    description: "An answer is given again for half a minute.",
    parameters: {
      check:
        "`host`: whether it reaches the network; `ipv6`: the same from within a VM; `programs`: whether its diagnostic program works",
    },
    answers: { 200: json(AlephCheck, "What was found") },
    refusals: [400, 404],
  },
  "GET /aleph/openapi.json": {
    id: "getAlephOpenApi",
    summary: "The OpenAPI document of the node's own API, which listens at a port of its own",
    answers: { 200: json(Type.Unsafe({ type: "object" }), "OpenAPI 3.1") },
    refusals: [404],
  },
  "POST /aleph/operator": {
    id: "signInAtAlephNode",
    summary: "Sign in as the node's operator, with the token of its file login_token",
    needsBody: true,
    answers: { 204: { description: "Signed in: a cookie says so from now on" } },
    refusals: [400, 403, 404],
  },
  "DELETE /aleph/operator": {
    id: "signOutOfAlephNode",
    summary: "Forget the operator's cookie",
    answers: { 204: { description: "The cookie is cleared" } },
    refusals: [],
  },
  "GET /aleph/config": {
    id: "getAlephConfig",
    summary: "Every setting of the node",
    description: OPERATOR,
    answers: { 200: json(AlephConfig, "By name; secrets are left out") },
    refusals: [403, 404],
  },
  "GET /aleph/executions/:hash": {
    id: "getAlephExecution",
    summary: "One execution: whose it is, its message, its history and what it has said last",
    description: OPERATOR,
    answers: { 200: json(AlephExecutionDetails, "The execution") },
    refusals: [403, 404],
  },
  "POST /aleph/executions/:hash/:action": {
    id: "actOnAlephExecution",
    summary: "Stop, reboot or erase an execution as the node's administrator",
    description: `${OPERATOR} A stopped one keeps its disks, and a reboot starts it; one that is erased loses them.`,
    answers: { 200: json(AlephDone, "It is done") },
    refusals: [400, 403, 404, 409, 503],
  },
};
