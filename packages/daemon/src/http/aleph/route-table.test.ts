import assert from "node:assert/strict";
import { test } from "node:test";

import fastify, { type FastifyInstance } from "fastify";

import { ethereumWallet, shortLivedKey, signedParts } from "#testing/aleph-signers.ts";
import { NODE_TOKEN, surfaceWorld } from "#testing/aleph-surface.ts";

import { alephApplication } from "./application.ts";
import type { Who } from "./route-rule.ts";
import { routes } from "./routes.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";
type Row = readonly [method: Method, url: string, who: Who, cors: "pages" | "no pages"];

const MACHINE = "/control/machine/:ref";

/** Every route of the API, as its description has them; what is not here is not served. */
const TABLE: readonly Row[] = [
  ["GET", "/about/login", "anyone", "pages"],
  ["GET", "/about/executions/list", "anyone", "pages"],
  ["GET", "/v2/about/executions/list", "anyone", "pages"],
  ["GET", "/about/executions/details", "operator", "pages"],
  ["GET", "/about/executions/records", "anyone", "pages"],
  ["GET", "/about/usage/system", "anyone", "pages"],
  ["GET", "/about/certificates", "anyone", "pages"],
  ["GET", "/about/capability", "anyone", "pages"],
  ["GET", "/about/config", "operator", "pages"],
  ["POST", "/control/allocation/notify", "open", "pages"],
  ["POST", "/control/reserve_resources", "reserver", "pages"],
  ["POST", "/control/allocations", "scheduler", "no pages"],
  ["POST", "/control/network/recreate", "scheduler", "no pages"],
  ["POST", "/control/proxy/regenerate", "scheduler", "no pages"],
  ["POST", `${MACHINE}/update`, "open", "pages"],
  ["POST", "/control/:ref/update", "open", "pages"],
  ["POST", `${MACHINE}/expire`, "owner", "pages"],
  ["POST", `${MACHINE}/stop`, "owner", "pages"],
  ["POST", `${MACHINE}/erase`, "owner", "pages"],
  ["POST", `${MACHINE}/reboot`, "owner", "pages"],
  ["POST", `${MACHINE}/reinstall`, "owner", "pages"],
  ["GET", `${MACHINE}/logs`, "owner", "pages"],
  ["GET", `${MACHINE}/stream_logs`, "watcher", "pages"],
  ["POST", `${MACHINE}/backup`, "owner", "pages"],
  ["GET", `${MACHINE}/backup`, "owner", "pages"],
  ["GET", `${MACHINE}/backup/:backupId`, "link", "pages"],
  ["DELETE", `${MACHINE}/backup/:backupId`, "owner", "pages"],
  ["POST", `${MACHINE}/restore`, "owner", "pages"],
  ["POST", `${MACHINE}/confidential/initialize`, "owner", "pages"],
  ["GET", `${MACHINE}/confidential/measurement`, "owner", "pages"],
  ["POST", `${MACHINE}/confidential/inject_secret`, "owner", "pages"],
  ["GET", "/debug/haproxy", "anyone", "pages"],
  ["GET", "/status/check/fastapi", "anyone", "pages"],
  ["GET", "/status/check/fastapi/legacy", "anyone", "pages"],
  ["GET", "/status/check/host", "anyone", "pages"],
  ["GET", "/status/check/version", "anyone", "pages"],
  ["GET", "/status/check/ipv6", "anyone", "pages"],
  ["GET", "/status/config", "anyone", "pages"],
  ["PUT", "/local/v0/messages/:hash", "scheduler", "no pages"],
  ["GET", "/local/v0/messages/:hash", "scheduler", "no pages"],
  ["PUT", "/local/v0/files/:hash", "scheduler", "no pages"],
  ["GET", "/local/v0/files/:hash", "scheduler", "no pages"],
  ["PUT", "/local/v0/aggregates/:address/:key", "scheduler", "no pages"],
  ["GET", "/local/v0/aggregates/:address/:key", "scheduler", "no pages"],
  ["GET", "/api/v0/messages.json", "anyone", "no pages"],
  ["GET", "/api/v0/messages/:hash", "anyone", "no pages"],
  ["GET", "/api/v0/aggregates/:address", "anyone", "no pages"],
  ["GET", "/api/v0/storage/raw/:hash", "anyone", "no pages"],
  ["GET", "/api/v0/price/:hash", "anyone", "no pages"],
  ["GET", "/api/v0/addresses/:address/balance", "anyone", "no pages"],
];

const WORLD = surfaceWorld();
const UNKNOWN = "ab".repeat(32);
const OWNER = ethereumWallet("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const KEY = shortLivedKey();

function at(url: string, ref: string): string {
  return url.replace(/:(?:ref|hash)/, ref).replace(/:\w+/g, "x");
}

function signed(method: Method, path: string): Record<string, string> {
  const operation = { path, method };
  const parts = signedParts({ wallet: OWNER, key: KEY, clock: WORLD.clock, operation });
  return {
    "x-signedpubkey": JSON.stringify(parts.pubKey),
    "x-signedoperation": JSON.stringify(parts.operation),
  };
}

async function withApp<T>(use: (app: FastifyInstance) => Promise<T>): Promise<T> {
  const app = await alephApplication(WORLD.parts);
  try {
    return await use(app);
  } finally {
    await app.close();
  }
}

function inOrder(rows: readonly unknown[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

test("routes of an Aleph node: every one is in the table, with who may call it and whether pages may", async () => {
  const served: unknown[] = [];
  const app = fastify();
  app.addHook("onRoute", ({ method, url, config }) => {
    if (method === "HEAD") return;
    const cors = config?.rule?.cors === true ? "pages" : "no pages";
    served.push([method, url, config?.rule?.who, cors]);
  });
  await app.register(routes, WORLD.parts);
  await app.close();
  assert.deepEqual(inOrder(served), inOrder(TABLE));
});

for (const [method, url, who, cors] of TABLE) {
  test(`routes of an Aleph node: ${method} ${url} answers ${cors}, and whoever shows nothing as ${who} says`, async () => {
    await withApp(async (app) => {
      const headers = { origin: "https://x", "access-control-request-method": method };
      const asked = await app.inject({ method: "OPTIONS", url: at(url, UNKNOWN), headers });
      assert.equal(asked.statusCode, cors === "pages" ? 200 : 404);
      if (who === "anyone" || who === "watcher" || who === "link") return;
      const bare = await app.inject({ method, url: at(url, UNKNOWN) });
      const expected = {
        owner: [400, "Missing X-SignedPubKey header"],
        reserver: [400, "Missing X-SignedPubKey header"],
        scheduler: [401, "Authentication token received is invalid"],
        operator: [401, "401 Invalid token"],
        open: undefined,
      }[who];
      if (!expected) return;
      assert.deepEqual([bare.statusCode, bare.json()], [expected[0], { error: expected[1] }]);
    });
  });
}

const OF_MACHINES = TABLE.filter(([, url]) => url.includes(":ref"));

for (const [method, url, who] of OF_MACHINES) {
  test(`routes of an Aleph node: ${method} ${url} knows a bad reference from an unknown one`, async () => {
    await withApp(async (app) => {
      const payload = method === "POST" ? '{"packet_header": "", "secret": ""}' : "";
      const ask = async (ref: string) => {
        const path = at(url, ref);
        const headers = who === "owner" ? signed(method, path) : {};
        const body = method === "POST" ? { payload } : {};
        const { statusCode, body: text } = await app.inject({
          method,
          url: path,
          headers,
          ...body,
        });
        return [statusCode, text] as const;
      };
      assert.deepEqual(await ask("not-a-ref"), [400, `{"error": "Invalid ref: 'not-a-ref'"}`]);
      const [status, text] = await ask(UNKNOWN);
      if (who === "link") assert.deepEqual([status, text], [403, MISSING_LINK]);
      else assert.equal(status, 404, text);
    });
  });
}

const MISSING_LINK = '{"error": "Missing signature or expires parameter"}';

test("routes of an Aleph node: an administrator may operate what is somebody's", async () => {
  await withApp(async (app) => {
    const headers = { "x-auth-signature": NODE_TOKEN };
    const url = `/control/machine/${UNKNOWN}/stop`;
    const { statusCode } = await app.inject({ method: "POST", url, headers });
    assert.equal(statusCode, 404);
  });
});
