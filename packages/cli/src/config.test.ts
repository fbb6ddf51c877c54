import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { type Environment, connectionFrom, wantsColour } from "./config.ts";
import { UsageError, explain } from "./failure.ts";

const NOWHERE: Environment = {
  ALCOVE_STATE_DIR: "/nonexistent",
  ALCOVE_RUNTIME_DIR: "/nonexistent",
};

test("config: flags win over ALCOVE_*, which wins over SLICER_*", () => {
  const slicer = { ...NOWHERE, SLICER_URL: "http://s", SLICER_TOKEN: "st" };
  const both = { ...slicer, ALCOVE_URL: "http://a", ALCOVE_TOKEN: "at\n" };
  assert.deepEqual(connectionFrom({}, slicer), { url: "http://s", token: "st" });
  assert.deepEqual(connectionFrom({}, both), { url: "http://a", token: "at" });
  assert.deepEqual(connectionFrom({ url: "http://f", token: "ft" }, both), {
    url: "http://f",
    token: "ft",
  });
  assert.deepEqual(connectionFrom({ api: "http://g" }, NOWHERE), {
    url: "http://g",
    token: undefined,
  });
});

test("config: without an address only the local socket will do, and no token file is read", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "alcove-config-"));
  const env = { ALCOVE_STATE_DIR: dir, ALCOVE_RUNTIME_DIR: dir };
  await mkdir(path.join(dir, "auth"));
  await writeFile(path.join(dir, "auth", "token"), "local-token\n");
  const socket = path.join(dir, "api.sock");
  assert.throws(
    () => connectionFrom({}, env),
    (error) => {
      const { message, advice, exitCode, code } = explain(error);
      assert.ok(message.includes(socket), message);
      assert.match(advice ?? "", /alcove up.*ALCOVE_URL/);
      assert.deepEqual([exitCode, code], [3, "unreachable"]);
      return true;
    },
  );
  await writeFile(socket, "");
  assert.deepEqual(connectionFrom({}, env), { url: socket, token: undefined });
  for (const url of ["http://elsewhere", "http://127.0.0.1:8080"]) {
    assert.deepEqual(connectionFrom({ url }, env), { url, token: undefined });
  }
  await rm(dir, { recursive: true });
});

test("config: a token that cannot be one is refused in words", () => {
  assert.throws(() => connectionFrom({ token: "a\r\nX: y" }, NOWHERE), UsageError);
  assert.throws(() => connectionFrom({ tokenFile: "/nonexistent/token" }, NOWHERE), UsageError);
});

test("config: colours need a terminal, and NO_COLOR takes them away", () => {
  assert.equal(wantsColour({}, true), true);
  assert.equal(wantsColour({ NO_COLOR: "1" }, true), false);
  assert.equal(wantsColour({ TERM: "dumb" }, true), false);
  assert.equal(wantsColour({}, false), false);
});
