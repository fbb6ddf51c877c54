import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { test } from "node:test";

import {
  ethereumWallet,
  shortLivedKey,
  signedParts,
  STOP_PATH,
  VM_HASH,
} from "#testing/aleph-signers.ts";
import { surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";
import { MIB } from "#lib/bytes.ts";

import { serve } from "../server.ts";
import { alephApplication } from "./application.ts";

const OWNER = ethereumWallet("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const STRANGER = ethereumWallet("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");

const CONNECTIONS = 32;
const BAD_REQUESTS = 1_500;
/** that somebody else waits while the flood is on, in `ms`: far more than any wait that was measured */
const PATIENCE_MS = 2_000;
/** far more than the requests under way, far less than what all of them together would take */
const GROWTH_BYTES = 128 * MIB;
const GOOD_REQUESTS = 20;

interface Call {
  readonly port: number;
  readonly agent: Agent;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

async function statusOf({ port, ...call }: Call, body = ""): Promise<number> {
  const asked = request({ port, host: "127.0.0.1", ...call });
  asked.end(body);
  const [answer] = await once(asked, "response");
  answer.resume();
  await once(answer, "end");
  return answer.statusCode;
}

test("Aleph surface: a flood of bad signatures is refused one by one, takes no memory, and others are served meanwhile", async () => {
  const world = surfaceWorld();
  world.views.set(VM_HASH, aView(VM_HASH, OWNER.address));
  const app = await alephApplication(world.parts);
  await using served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const { port } = served;
  const parts = signedParts({ wallet: STRANGER, key: shortLivedKey(), clock: world.clock });
  const signature = `00${parts.pubKey.signature.slice(2)}`;
  const headers = {
    "x-signedpubkey": JSON.stringify({ ...parts.pubKey, signature }),
    "x-signedoperation": JSON.stringify(parts.operation),
  };
  const flood = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const others = new Agent({ keepAlive: true });
  const body = "x".repeat(16 * 1024);
  const send = () =>
    Array.from({ length: BAD_REQUESTS }, () =>
      statusOf({ port, agent: flood, method: "POST", path: STOP_PATH, headers }, body),
    );
  await Promise.all(send()); // Node gives a process that is new to work more room: a second flood takes none
  const before = process.memoryUsage.rss();
  const bad = send();
  const waits: number[] = [];
  for (let index = 0; index < GOOD_REQUESTS; index += 1) {
    const began = performance.now();
    assert.equal(await statusOf({ port, agent: others, path: "/about/executions/list" }), 200);
    waits.push(performance.now() - began);
  }
  const statuses = new Set(await Promise.all(bad));
  flood.destroy();
  others.destroy();
  assert.deepEqual(
    [...statuses].filter((status) => status !== 400 && status !== 401),
    [],
  );
  assert.ok(Math.max(...waits) < PATIENCE_MS, `somebody waited ${Math.max(...waits)} ms`);
  const growth = process.memoryUsage.rss() - before;
  assert.ok(growth < GROWTH_BYTES, `${growth} bytes more`);
});
