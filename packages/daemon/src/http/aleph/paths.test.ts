/** A path that is signed is the path that is served, however a request writes it: nothing else comes of any spelling. */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import {
  ethereumWallet,
  shortLivedKey,
  signedParts,
  STOP_PATH,
  VM_HASH,
} from "#testing/aleph-signers.ts";
import { NODE_TOKEN, type SurfaceWorld, surfaceWorld } from "#testing/aleph-surface.ts";
import { aView } from "#testing/aleph-views.ts";

import { serve } from "../server.ts";
import { alephApplication } from "./application.ts";

const OWNER = ethereumWallet("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const KEY = shortLivedKey();

interface Stage extends SurfaceWorld, AsyncDisposable {
  /** @returns the status of the first answer to these bytes, on a connection of their own */
  say(lines: readonly string[], body?: string): Promise<number>;
}

async function stage(): Promise<Stage> {
  const world = surfaceWorld();
  world.views.set(VM_HASH, aView(VM_HASH, OWNER.address));
  const app = await alephApplication(world.parts);
  const served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const say = async (lines: readonly string[], body = "") => {
    const socket = connect(served.port, "127.0.0.1");
    socket.write([...lines, "Host: crn.example.org", "Connection: close", "", body].join("\r\n"));
    return Number(/^HTTP\/1\.1 (\d+)/.exec(await text(socket))?.[1]);
  };
  return { ...world, say, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
}

function signed({ clock }: SurfaceWorld): readonly string[] {
  const { pubKey, operation } = signedParts({ wallet: OWNER, key: KEY, clock });
  return [
    `X-SignedPubKey: ${JSON.stringify(pubKey)}`,
    `X-SignedOperation: ${JSON.stringify(operation)}`,
    "Content-Length: 0",
  ];
}

/** other spellings of the very path that was signed */
const SAME = [STOP_PATH, `${STOP_PATH}?`, `${STOP_PATH}?x=1`, STOP_PATH.replace("stop", "%73top")];

const OTHERS = [
  `http://crn.example.org${STOP_PATH}`,
  `${STOP_PATH}/`,
  `/${STOP_PATH}`,
  STOP_PATH.replace("machine/", "machine//"),
  STOP_PATH.replace("machine/", "machine%2F"),
  STOP_PATH.replace("/stop", "%2Fstop"),
  STOP_PATH.replace("/stop", "%2fstop/../erase"),
  STOP_PATH.replace("/stop", "/erase"),
  STOP_PATH.replace("/stop", "/erase?/../stop"),
  STOP_PATH.replace("/stop", "/./stop"),
  STOP_PATH.replace("/control/", "/control/x/../"),
  STOP_PATH.replace("stop", "STOP"),
  STOP_PATH.replace("stop", "%2573top"),
  STOP_PATH.replace(VM_HASH, VM_HASH.toUpperCase()),
  STOP_PATH.replace(VM_HASH, "__proto__"),
  STOP_PATH.replaceAll("/", "\\"),
  ...["#x", ";x=1", "%00", "%zz", "%20", "%0d%0a", "%ff"].map((tail) => STOP_PATH + tail),
];

test("paths: other spellings of the same are the same", async () => {
  await using it = await stage();
  for (const path of SAME) {
    assert.equal(await it.say([`POST ${path} HTTP/1.1`, ...signed(it)]), 200, path);
  }
  assert.deepEqual(
    it.asked,
    SAME.map(() => `stop ${VM_HASH}`),
  );
});

test("paths: nothing comes of any other path that an owner has not signed", async () => {
  await using it = await stage();
  for (const path of OTHERS) {
    const status = await it.say([`POST ${path} HTTP/1.1`, ...signed(it)]);
    assert.ok([400, 401, 404].includes(status), `${path}: ${status}`);
  }
  assert.deepEqual(it.asked, []);
});

const TOKEN = `X-Auth-Signature: ${NODE_TOKEN}`;

const SMUGGLED: readonly (readonly string[])[] = [
  ["Content-Length: 4", "Transfer-Encoding: chunked", TOKEN],
  ["Content-Length: 0", "Content-Length: 5", TOKEN],
  ["Transfer-Encoding: chunked, identity", TOKEN],
  ["Content-Length: 0", "X-Auth-Signature: x", TOKEN],
  ["Content-Length: 0", TOKEN, TOKEN],
  ["Content-Length: 0", "Authorization: Bearer x", TOKEN],
  ["Content-Length: 0", ` ${TOKEN}`],
  ["Content-Length: 0", TOKEN.replace(":", " :")],
  ["Content-Length: 0", `X-Other: ${"x".repeat(20_000)}`, TOKEN],
];

for (const headers of SMUGGLED) {
  test(`paths: no one gets in with ${headers.join(" and ").slice(0, 80)}`, async () => {
    await using it = await stage();
    const status = await it.say([`POST ${STOP_PATH} HTTP/1.1`, ...headers], "0\r\n\r\n");
    assert.ok([400, 401, 431].includes(status), String(status));
    assert.deepEqual(it.asked, []);
  });
}
