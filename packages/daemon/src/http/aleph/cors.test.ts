import assert from "node:assert/strict";
import { test } from "node:test";

import { VM_HASH } from "#testing/aleph-signers.ts";
import { surfaceWorld } from "#testing/aleph-surface.ts";

import { alephApplication } from "./application.ts";

const ORIGIN = "https://app.example.org";
const WANTED = "access-control-request-method";

async function preflight(url: string, headers: Record<string, string>) {
  const app = await alephApplication(surfaceWorld().parts);
  try {
    return await app.inject({ method: "OPTIONS", url, headers });
  } finally {
    await app.close();
  }
}

test("CORS of an Aleph node: a preflight needs no credentials, and allows what was asked for", async () => {
  const answer = await preflight(`/control/machine/${VM_HASH}/stop`, {
    origin: ORIGIN,
    [WANTED]: "POST",
    "access-control-request-headers": "x-signedpubkey, Content-Type,x-SignedOperation,",
  });
  assert.deepEqual([answer.statusCode, answer.body], [200, ""]);
  const said = Object.entries(answer.headers).filter(([name]) => name.startsWith("access-"));
  assert.deepEqual(Object.fromEntries(said), {
    "access-control-allow-origin": ORIGIN,
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "CONTENT-TYPE,X-SIGNEDOPERATION,X-SIGNEDPUBKEY",
  });
  assert.equal(answer.headers["server"], "aleph-vm/1.13.0");
});

test("CORS of an Aleph node: what is no header's name is not allowed, and breaks nothing", async () => {
  const asked = "x-a, \u00ff, \u00b5, a b, (, x-b";
  const answer = await preflight(`/control/machine/${VM_HASH}/stop`, {
    origin: ORIGIN,
    [WANTED]: "POST",
    "access-control-request-headers": asked,
  });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["access-control-allow-headers"], "X-A,X-B");
});

test("CORS of an Aleph node: the operator's cookie does not count for other pages, nor for scripts of programs at this origin", async () => {
  const world = surfaceWorld();
  const app = await alephApplication(world.parts);
  const cookie = `token=${world.parts.login.text}`;
  const ask = async (headers: Record<string, string>) => {
    const call = { method: "GET", url: "/about/config", headers: { cookie, ...headers } } as const;
    return (await app.inject(call)).statusCode;
  };
  const host = "crn.example.org";
  assert.equal(await ask({ host }), 200);
  assert.equal(await ask({ host, origin: `https://${host}` }), 200);
  for (const origin of ["https://vm.crn.example.org", `https://${host}:8443`, "null", ""])
    assert.equal(await ask({ host, origin }), 401);
  assert.equal(await ask({ host, "sec-fetch-dest": "document" }), 200);
  for (const dest of ["empty", "iframe", "image", "serviceworker"])
    assert.equal(await ask({ host, "sec-fetch-dest": dest }), 401);
  await app.close();
});

test("CORS of an Aleph node: who asks for no headers is allowed none", async () => {
  const answer = await preflight("/about/usage/system", { origin: ORIGIN, [WANTED]: "GET" });
  assert.equal(answer.statusCode, 200);
  assert.ok(!("access-control-allow-headers" in answer.headers));
});

const FAILED: readonly (readonly [headers: Record<string, string>, why: string])[] = [
  [{ [WANTED]: "POST" }, "origin header is not specified in the request"],
  [{ origin: ORIGIN }, "'Access-Control-Request-Method' header is not specified"],
  [
    { origin: "https://x", [WANTED]: "PUT" },
    "request method 'PUT' is not allowed for 'https://x' origin",
  ],
];

for (const [headers, why] of FAILED) {
  test(`CORS of an Aleph node: a preflight fails because ${why}`, async () => {
    const answer = await preflight("/control/reserve_resources", headers);
    const body = `{"error": "CORS preflight request failed: ${why}"}`;
    assert.deepEqual([answer.statusCode, answer.body], [403, body]);
  });
}

test("CORS of an Aleph node: errors of a page's route are the page's to read, too", async () => {
  const app = await alephApplication(surfaceWorld().parts);
  const url = "/about/config";
  const { headers } = await app.inject({ method: "GET", url, headers: { origin: ORIGIN } });
  assert.deepEqual(
    [
      headers["access-control-allow-origin"],
      headers["access-control-allow-credentials"],
      headers["access-control-expose-headers"],
    ],
    [ORIGIN, "true", "Content-Length,Date,Server"],
  );
  const plain = await app.inject({ method: "GET", url });
  assert.ok(!Object.keys(plain.headers).some((name) => name.startsWith("access-")));
  await app.close();
});
