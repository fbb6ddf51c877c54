/** What the network's API servers answer, from the node's own store: so that a node can be its own API server. Public. */

import type { FastifyPluginAsync } from "fastify";

import { type Json, MAX_PER_PAGE, type MessagePage } from "#core/aleph/message/published.ts";
import { MESSAGE_TYPES, type MessageType } from "#core/aleph/message/content.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import { sendPieces } from "../streamed.ts";
import { JSON_TYPE, sendJson } from "./answers.ts";
import { hashOf } from "./guard.ts";
import { sendFile } from "./local.ts";
import type { AlephParts } from "./parts.ts";
import { pythonJson } from "./python-json.ts";
import { listParameter, numberParameter } from "./query.ts";
import type { RouteRule } from "./route-rule.ts";

interface ByHash {
  Params: { readonly hash: string };
}

interface ByAddress {
  Params: { readonly address: string };
}

const OPEN: { readonly rule: RouteRule } = { rule: { who: "anyone", cors: false } };
const PER_PAGE = 20;

export const published: FastifyPluginAsync<AlephParts> = async (app, { published: known }) => {
  app.get("/api/v0/messages.json", { config: OPEN }, async (request, reply) => {
    const wanted = {
      hashes: listParameter(request, "hashes").map(hashOf),
      types: listParameter(request, "msgTypes", "msgType").map(typeOf),
      refs: listParameter(request, "refs"),
      owners: listParameter(request, "owners", "addresses"),
    };
    const page = {
      page: numberParameter(request, "page", 1),
      perPage: Math.min(numberParameter(request, "pagination", PER_PAGE), MAX_PER_PAGE),
    };
    const pieces = piecesOf(await known.messages(wanted, page, clientLeft(request, reply)));
    return sendPieces(reply.type(JSON_TYPE), pieces);
  });

  app.get<ByHash>("/api/v0/messages/:hash", { config: OPEN }, async (request, reply) => {
    const hash = hashOf(request.params.hash);
    return sendJson(reply, found(await known.status(hash, clientLeft(request, reply)), hash));
  });

  app.get<ByAddress>("/api/v0/aggregates/:address", { config: OPEN }, async (request, reply) => {
    const address = request.params.address.replace(/\.json$/, "");
    const keys = listParameter(request, "keys");
    const data = await known.aggregates(address, keys, clientLeft(request, reply));
    return sendJson(reply, found(data, address));
  });

  app.get<ByHash>("/api/v0/storage/raw/:hash", { config: OPEN }, async (request, reply) => {
    const left = clientLeft(request, reply);
    const hash = hashOf(request.params.hash);
    return sendFile(reply, found(await known.raw(hash, left), hash), left);
  });

  app.get<ByHash>("/api/v0/price/:hash", { config: OPEN }, async (request, reply) => {
    const hash = hashOf(request.params.hash);
    return sendJson(reply, found(await known.price(hash, clientLeft(request, reply)), hash));
  });

  app.get<ByAddress>(
    "/api/v0/addresses/:address/balance",
    { config: OPEN },
    async (request, reply) =>
      sendJson(reply, await known.balance(request.params.address, clientLeft(request, reply))),
  );
};

async function* piecesOf({ messages, pagination }: MessagePage): AsyncGenerator<string, undefined> {
  let before = '{"messages": [';
  for await (const message of messages) {
    yield before + pythonJson(message);
    before = ", ";
  }
  const head = before === ", " ? "" : before;
  yield `${head}], ${pythonJson(pagination).slice(1)}`;
  return undefined;
}

function typeOf(name: string): MessageType {
  const type = MESSAGE_TYPES.find((it) => it === name);
  if (type === undefined)
    throw new Refusal("bad request", `There are no messages of type '${name}'`);
  return type;
}

function found<T extends Json | object>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Refusal("not found", `Nothing here is called ${name}`);
  return value;
}
