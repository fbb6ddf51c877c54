/** WebSockets into guests: what the OpenAPI document says of them. */

import { Type } from "typebox";

import type { Operations } from "../../operation.ts";
import { NO_GUEST, USER } from "./guest-words.ts";

const switched = {
  description:
    "A WebSocket (RFC 6455) without extensions and subprotocols. A request that asks for no upgrade is 400.",
};

export const connectionOperations: Operations = {
  "GET /vm/:hostname/shell": {
    id: "openShell",
    summary: "A terminal",
    description:
      "Binary messages of one frame each: a byte for its type, four for the length of the payload (big-endian), the payload. 1: data, both ways. 2: size, to the guest: columns and rows, four bytes each. 3: shutdown. 4: heartbeat, ignored. 5: the session has ended, from the guest. No message is longer than 32768 bytes.",
    parameters: { ...USER, shell: "default: the user's own", cwd: "default: the user's home" },
    answers: { 101: switched },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vm/:hostname/forward": {
    id: "openForward",
    summary: "A connection inside the guest",
    description:
      "Binary messages whose bounds mean nothing. Closed with 1000 when the target sends no more, with 1011 when its connection breaks, with 1003 after a text message.",
    headers: Type.Object({
      "x-inlets-upstream": Type.String({
        description: "host:port, [address]:port or unix:/path, as seen from inside the guest",
      }),
      "x-inlets-mode": Type.Optional(Type.String({ description: "local; not looked at" })),
    }),
    answers: { 101: switched },
    refusals: [400, 502, ...NO_GUEST],
  },
};
