/** Terminals: what the OpenAPI document says of them. */

import { Type } from "typebox";

import { NewTerminal, Terminal } from "@alcove/api";

import { json, type Operations } from "../operation.ts";

/** the VM is missing, its agent refuses, its phase does not allow it, its agent is too old or silent */
const NO_GUEST = [404, 409, 501, 503];

export const terminalOperations: Operations = {
  "POST /vms/:hostname/terminals": {
    id: "openTerminal",
    summary: "Open a terminal that outlives its clients and the daemon",
    description:
      "The guest keeps the shell and the newest 256 KiB of what it showed, until it is deleted. A fork has the terminals of its source, and they go on in both.",
    answers: { 201: json(NewTerminal, "It runs") },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vms/:hostname/terminals": {
    id: "listTerminals",
    summary: "Terminals that the guest has, also those whose shell has ended",
    answers: { 200: json(Type.Array(Terminal), "Oldest first") },
    refusals: NO_GUEST,
  },
  "DELETE /vms/:hostname/terminals/:id": {
    id: "deleteTerminal",
    summary: "End what runs in a terminal, and forget it",
    answers: { 204: { description: "It is gone" } },
    refusals: [...NO_GUEST, 410],
  },
  "GET /vms/:hostname/terminals/:id/attach": {
    id: "attachTerminal",
    summary: "Work at a terminal: any number may, and each is shown what it shows",
    description:
      'Binary messages are what is typed and what is shown, beginning with what is kept. Text messages are JSON. From the client: `{"type":"resize","cols":80,"rows":24}`. From the host: `{"type":"live"}` when what was kept has been sent, `{"type":"gap","dropped_bytes":123}` where output is not kept any more, `{"type":"exit","code":0}` at the end. Closed with 1000 when the shell has ended, 1008 after a message that means nothing, 1011 when the guest or its agent went away: attach again. Whoever reads slowly slows nobody down, and is told of a gap.',
    answers: { 101: { description: "A WebSocket" } },
    refusals: [400, ...NO_GUEST, 410],
  },
};
