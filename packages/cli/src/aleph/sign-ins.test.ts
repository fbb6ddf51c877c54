/** As whom a node is asked: what is given, and what is kept of a sign-in. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { alephAccessFrom, alephSignInDir } from "../config.ts";
import { makeOperatorKey } from "./operator-key.ts";
import { SignIns } from "./sign-ins.ts";
import { Wallet } from "./wallet.ts";

const NODE = new URL("http://crn.example:4020");

test("access: the key of a signer comes before a token, and a flag before the environment", () => {
  const env = {
    ALCOVE_ALEPH_URL: "https://crn.example",
    ALCOVE_ALEPH_TOKEN: "t",
    ALCOVE_TOKEN: "x",
  };
  const found = alephAccessFrom({}, env);
  assert.deepEqual([found.node.href, found.token], ["https://crn.example/", "t"]);
  const key = alephAccessFrom({ allocationKeyFile: "k", node: "http://other:1" }, env);
  assert.deepEqual([key.node.host, key.token, key.allocationKeyFile], ["other:1", undefined, "k"]);
  assert.equal(alephAccessFrom({}, { ALCOVE_TOKEN: "x" }).token, undefined);
  assert.equal(alephAccessFrom({}, {}).node.href, "http://localhost:4020/");
  assert.equal(alephSignInDir({ XDG_CONFIG_HOME: "/x" }), "/x/alcove/aleph");
});

test("sign-ins: one for each node; what is in the way is named, and holds no key", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "alcove-sign-ins-"));
  try {
    const ins = new SignIns(path.join(dir, "deep/er"));
    const wallet = new Wallet(Buffer.alloc(32, 7));
    const now = new Date("2026-01-02T03:04:05Z");
    assert.equal(ins.at(NODE), undefined);
    const key = makeOperatorKey({ wallet, node: NODE, now, lifeMs: 60_000 });
    const file = ins.keep(NODE, key);
    const kept = ins.at(NODE);
    assert.deepEqual([kept?.address, kept?.domain], [wallet.address, "crn.example"]);
    assert.equal(kept?.expiresAt.toISOString(), "2026-01-02T03:05:05.000Z");
    for (const other of ["http://crn.example", "http://crn.example:4021", "http://[::1]:4020"])
      assert.equal(ins.at(new URL(other)), undefined, other);
    await writeFile(file, "{}");
    assert.throws(
      () => ins.at(NODE),
      /holds no sign-in \(expires is missing\); sign out and in again/,
    );
    assert.deepEqual([ins.forget(NODE), ins.forget(NODE)], [true, false]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
