import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { alephSettings } from "#testing/aleph-settings.ts";

import type { ProgramAnswer } from "../ports/connectivity.ts";
import { Refusal } from "../refusal.ts";
import { NodeChecks, type NodeChecksDeps } from "./checks.ts";

const never = new AbortController().signal;

describe("checks of a node", { timeout: 10_000 }, () => {
  test("the host is well when it reaches, resolves and is found over both families", async () => {
    const well = { egress: true, dns: true, domain: true, http: true };
    const { checks } = aNode({});
    assert.deepEqual(await checks.host(never), { ipv4: well, ipv6: well, isWell: true });
    const v4only = aNode({ connectivity: reaching((_, family) => family === "ipv4") });
    const unwell = { egress: false, dns: false, domain: false, http: false };
    assert.deepEqual(await v4only.checks.host(never), { ipv4: well, ipv6: unwell, isWell: false });
  });

  test("no web page is needed to be well, and what fails or hangs is false", async () => {
    const connectivity = {
      ...reaching(() => true),
      answers: async (url: string) => {
        if (!url.includes("1.1.1.1") && !url.includes("2606")) throw new Error("hung up");
        return true;
      },
    };
    const { ipv4, isWell } = await aNode({ connectivity }).checks.host(never);
    assert.deepEqual([ipv4.http, isWell], [false, true]);
  });

  test("an answer is asked for once, and again when it has become old", async () => {
    let asked = 0;
    let now = 0;
    const connectivity = {
      ...reaching(() => true),
      resolves: async () => {
        asked += 1;
        return true;
      },
    };
    const { checks } = aNode({ connectivity, clock: { now: () => new Date(now) } });
    await Promise.all([checks.host(never), checks.host(never)]);
    await checks.host(never);
    assert.equal(asked, 4);
    now += 31_000;
    await checks.host(never);
    assert.equal(asked, 8);
  });

  test("whoever leaves gets his own reason, and the others their answer", async () => {
    const answer = Promise.withResolvers<boolean>();
    const { checks } = aNode({ guest: { answersOverIpv6: () => answer.promise } });
    const left = new AbortController();
    const leaving = checks.ipv6(left.signal);
    const staying = checks.ipv6(never);
    left.abort(new Error("client left"));
    await assert.rejects(leaving, /client left/);
    answer.resolve(true);
    assert.deepEqual(await staying, { host: true, vm: true });
  });

  test("a guest asks for what the host asks for, and may fail", async () => {
    const wanted: string[] = [];
    const guest = {
      answersOverIpv6: async (url: string) => {
        wanted.push(url);
        throw new Error("no room for a VM");
      },
    };
    assert.deepEqual(await aNode({ guest }).checks.ipv6(never), { host: true, vm: false });
    assert.deepEqual(wanted, ["https://[2606:4700:4700::1111]/"]);
  });

  test("where the diagnostic program is, it says whether guests have IPv6, and no other guest is made", async () => {
    const guest = { answersOverIpv6: async () => assert.fail("it was made") };
    for (const result of [true, false]) {
      const text = JSON.stringify({ result });
      const { checks } = aNode({ guest, programs: program({ "/ip/6": { status: 200, text } }) });
      assert.deepEqual(await checks.ipv6(never), { host: true, vm: result });
    }
    const silent = { programs: program({ "/ip/6": { status: 200, text: "[}" } }) };
    assert.equal((await aNode(silent).checks.ipv6(never)).vm, true, "the guest is asked");
  });

  test("no guest is made where the host has no IPv6", async () => {
    const guest = { answersOverIpv6: async () => assert.fail("it was made") };
    const connectivity = reaching(() => false);
    const { checks } = aNode({ guest, connectivity });
    assert.deepEqual(await checks.ipv6(never), { host: false, vm: false });
  });

  test("a program that is not there does nothing", async () => {
    const { checks } = aNode({ programs: { call: async () => ({ status: 404, text: "{}" }) } });
    const { results, isWell } = await checks.fastapi("current", never);
    assert.deepEqual(
      Object.entries(results),
      NAMES.map((name) => [name, false]),
    );
    assert.equal(isWell, false);
    const older = await checks.fastapi("legacy", never);
    assert.deepEqual(Object.keys(older.results), NAMES.slice(0, 9));
  });

  test("a program that works is well, also without what a node can do without", async () => {
    const { checks } = aNode({ programs: program({}) });
    const { results, isWell } = await checks.fastapi("current", never);
    assert.deepEqual(
      Object.entries(results),
      NAMES.map((name) => [name, true]),
    );
    assert.equal(isWell, true);
    const ailing = aNode({ programs: program({ "/cache/get/a": { status: 200, text: "[}" } }) });
    const found = await ailing.checks.fastapi("compatible", never);
    assert.deepEqual([found.results["cache"], found.isWell], [false, true]);
    const broken = aNode({ programs: program({ "/ip/4": { status: 502, text: "" } }) });
    assert.equal((await broken.checks.fastapi("current", never)).isWell, false);
  });

  test("versions are compared, and answered in the network's own words", () => {
    const { checks } = aNode({});
    assert.equal(checks.version(undefined), "1.13.0");
    assert.equal(checks.version("v1.0"), "Up-to-date: version 1.13.0 >= 1.0");
    assert.throws(
      () => checks.version("9.0"),
      refused("forbidden", "Outdated: version 1.13.0 < 9.0"),
    );
    assert.throws(() => checks.version("zz"), refused("bad request", "Invalid version: 'zz'"));
  });
});

const NAMES = [
  "index",
  "environ",
  "messages",
  "dns",
  "ipv4",
  "internet",
  "cache",
  "persistent_storage",
  "error_handling",
  "get_a_message",
  "lifespan",
];

function aNode(parts: Partial<NodeChecksDeps>) {
  const checks = new NodeChecks({
    settings: alephSettings({
      ALEPH_VM_DOMAIN_NAME: "crn.example.org",
      ALEPH_VM_CONNECTIVITY_HTTP_URLS: '["http://pages.example/"]',
    }),
    version: "1.13.0",
    clock: { now: () => new Date(0) },
    connectivity: reaching(() => true),
    programs: { call: () => Promise.reject(new Error("nobody there")) },
    guest: { answersOverIpv6: async () => true },
    ...parts,
  });
  return { checks };
}

function reaching(does: (what: string, family: string) => boolean): NodeChecksDeps["connectivity"] {
  return {
    answers: async (url, family) => does(url, family),
    resolves: async (name, family) => does(name, family),
  };
}

/** The diagnostic program as the network has it, but for some of its answers. */
function program(others: Readonly<Record<string, ProgramAnswer>>): NodeChecksDeps["programs"] {
  let counter = 0;
  const environment = [
    "API_HOST",
    "API_UNIX_SOCKET",
    "REMOTE_CRYPTO_HOST",
    "REMOTE_CRYPTO_UNIX_SOCKET",
  ];
  const names = [...environment, "ADDRESS_TO_USE"].map((name) => [`ALEPH_${name}`, "x"] as const);
  const answers: Record<string, unknown> = {
    "/": { Example: "example_fastapi" },
    "/environ": Object.fromEntries(names),
    "/messages": { Messages: { messages: [{ item_hash: "abc" }] } },
    "/dns": { ipv4: "1.1.1.1", ipv6: "::1" },
    "/ip/4": { result: true },
    "/internet": { result: 200 },
    "/cache/set/a/42": true,
    "/cache/get/a": "42",
    "/cache/keys": ["a"],
    "/get_a_message": { item_hash: "abc" },
    "/lifespan": { Lifespan: true },
  };
  return {
    call: async (_vmId, path) => {
      const other = others[path];
      if (other) return other;
      if (path === "/raise") return { status: 500, text: "Traceback (most recent call last)" };
      if (path === "/state/increment") answers[path] = { counter: (counter += 1) };
      return { status: 200, text: JSON.stringify(answers[path]) };
    },
  };
}

function refused(kind: string, message: string) {
  return (error: unknown) =>
    error instanceof Refusal && error.kind === kind && error.message === message;
}
