/**
 * The host's node of the Aleph network, for its operator. Its VMs have owners: the daemon's token shows what the node
 * tells everybody, and the rest asks for the node's own token, as a cookie, besides.
 */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";

import {
  AlephAction,
  AlephCheck,
  AlephConfig,
  AlephDone,
  AlephExecution,
  AlephExecutionDetails,
  AlephNode,
  AlephSignIn,
  AlephUsage,
} from "@alcove/api";
import type { OperatorDesk } from "#core/aleph/operator/operator-desk.ts";
import { AlcoveError } from "#core/errors.ts";

import { jsonBodies } from "../bodies.ts";
import { clientLeft } from "../client-left.ts";
import { isSecureOrigin, refuseForeignPages, refuseOtherSites } from "../origins.ts";
import { checkWire, detailsWire, executionWire, nodeWire, usageWire } from "./aleph-wire.ts";

export interface AlephAtHost {
  readonly desk: Pick<OperatorDesk, keyof OperatorDesk>;
  /** the OpenAPI document of the node's own API */
  readonly document: object;
}

export interface AlephParts {
  /** `undefined` on a host that is no node */
  readonly aleph: AlephAtHost | undefined;
}

const SETTING = "ALCOVE_ALEPH";
const HOW_TO = `This host is no node of the Aleph network. To make it one, start the daemon with ${SETTING}=on`;

const HashParams = Type.Object({ hash: Type.String() });
const CheckParams = Type.Object({
  check: Type.Union([Type.Literal("host"), Type.Literal("ipv6"), Type.Literal("programs")]),
});

export const aleph: FastifyPluginAsyncTypebox<AlephParts> = async (app, parts) => {
  jsonBodies(app);
  await app.register(ofEverybody, parts);
  await app.register(signing, parts);
  await app.register(ofOperators, parts);
};

const ofEverybody: FastifyPluginAsyncTypebox<AlephParts> = async (app, { aleph: node }) => {
  const read = { access: "host:read" } as const;

  const show = { schema: { response: { 200: AlephNode } }, config: read };
  app.get("/aleph", show, async ({ headers }): Promise<AlephNode> => {
    if (!node) return { on: false, how_to: HOW_TO };
    return nodeWire(node.desk.facts(), node.desk.admits(headers.cookie));
  });

  const usage = { schema: { response: { 200: AlephUsage } }, config: read };
  app.get("/aleph/usage", usage, async () => {
    const told = await mustBe(node).desk.usage();
    return usageWire(told.usage, told.capability);
  });

  const list = { schema: { response: { 200: Type.Array(AlephExecution) } }, config: read };
  app.get("/aleph/executions", list, async () => {
    const { desk } = mustBe(node);
    const host = desk.hostAddress();
    return desk.list().map((view) => executionWire(view, host));
  });

  const check = { schema: { params: CheckParams, response: { 200: AlephCheck } }, config: read };
  app.get("/aleph/checks/:check", check, async (request, reply) => {
    const left = clientLeft(request, reply);
    return checkWire(await mustBe(node).desk.check(request.params.check, left));
  });

  app.get("/aleph/openapi.json", { config: read }, async () => mustBe(node).document);
};

const signing: FastifyPluginAsyncTypebox<AlephParts> = async (app, { aleph: node }) => {
  const begin = {
    schema: { body: AlephSignIn, response: { 204: Type.Null() } },
    config: { access: "host:operate" },
  } as const;
  app.post("/aleph/operator", begin, async (request, reply) => {
    refuseForeignPages(request);
    refuseOtherSites(request);
    const cookie = mustBe(node).desk.signIn(request.body.token);
    if (cookie === undefined)
      throw unauthenticated(
        "The token is not this node's; each start of the daemon makes a new one",
      );
    return sendCookie(request, reply, cookie);
  });

  const end = {
    schema: { response: { 204: Type.Null() } },
    config: { access: "host:operate" },
  } as const;
  app.delete("/aleph/operator", end, async (request, reply) =>
    sendCookie(request, reply, "", "; Max-Age=0"),
  );
};

const ofOperators: FastifyPluginAsyncTypebox<AlephParts> = async (app, { aleph: node }) => {
  app.addHook("onRequest", async (request) => demandOperator(request, node));

  const config = {
    schema: { response: { 200: AlephConfig } },
    config: { access: "host:read" },
  } as const;
  app.get("/aleph/config", config, async () => ({ ...mustBe(node).desk.config() }));

  const details = {
    schema: { params: HashParams, response: { 200: AlephExecutionDetails } },
    config: { access: "host:read" },
  } as const;
  app.get("/aleph/executions/:hash", details, async (request, reply) => {
    const { desk } = mustBe(node);
    const found = await desk.details(request.params.hash, clientLeft(request, reply));
    return detailsWire(found, desk.hostAddress());
  });

  const act = {
    schema: {
      params: Type.Object({ hash: Type.String(), action: AlephAction }),
      response: { 200: AlephDone },
    },
    config: { access: "host:operate" },
  } as const;
  app.post("/aleph/executions/:hash/:action", act, async (request, reply) => {
    const { hash, action } = request.params;
    return { done: await mustBe(node).desk.act(hash, action, clientLeft(request, reply)) };
  });
};

function mustBe(node: AlephAtHost | undefined): AlephAtHost {
  if (node) return node;
  throw new AlcoveError("aleph_off", HOW_TO, { setting: SETTING });
}

/** A cookie is sent along for any page: what comes with it must come from ours. */
function demandOperator(request: FastifyRequest, node: AlephAtHost | undefined): void {
  const { desk } = mustBe(node);
  refuseForeignPages(request);
  refuseOtherSites(request);
  if (desk.admits(request.headers.cookie)) return;
  const why = "This belongs to the wallets of others: sign in with the node's own token";
  throw unauthenticated(why);
}

/** The one that signing in at the node's own address sets, too. */
function sendCookie(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  value: string,
  more = "",
): FastifyReply {
  const secure = isSecureOrigin(headers.origin) ? "; Secure" : "";
  const cookie = `token=${value}; HttpOnly; SameSite=Strict; Path=/${more}${secure}`;
  return reply.code(204).header("set-cookie", cookie).send();
}

function unauthenticated(reason: string): AlcoveError {
  const message = `${reason}; it is in the file login_token of the node's directory`;
  return new AlcoveError("unauthenticated", message, { reason });
}
