/** Slicer's own Go SDK against a daemon with real guests: each test of e2e/go-sdk is a test here. */

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";

import { cannotRunGo, type GoTest, goTests } from "./harness/go-tests.ts";
import { TestHost } from "./harness/test-host.ts";

/** Compiling the SDK and some boots by emulation, on a busy machine. */
const GO_MS = 10 * 60_000;
const SETTINGS = { ALCOVE_GROUP_MEMORY_MIB: "1024" };

describe("go sdk", { skip: cannotRunGo }, () => {
  const host = new TestHost(SETTINGS);
  before(() => host.open());
  after(() => host.close());

  it("go sdk: every test ran", { timeout: GO_MS }, async (t) => {
    const { api, daemon, dirs } = host;
    const tests = goTests({
      SLICER_URL: `http://127.0.0.1:${await daemon.port()}`,
      SLICER_TOKEN: api.token,
      ALCOVE_TEST_SOCKET: path.join(dirs.runtime, "api.sock"),
    });
    let ran = 0;
    for await (const test of tests) {
      ran += 1;
      void t.test(`go sdk: ${test.name}`, (own) => judge(own, test));
    }
    assert.ok(ran > 0, "no Go test ran");
  });

  async function judge(t: TestContext, test: GoTest): Promise<void> {
    const since = host.daemon.lines.length;
    const { outcome, output } = await test.ended;
    if (outcome === "skip") t.skip(output.trim());
    if (outcome !== "fail") return;
    host.printLog(since);
    assert.fail(`it failed:\n${output}`);
  }
});
