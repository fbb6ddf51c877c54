/** Bad input and exhausted hosts: each is answered as the contract says, and has one line in the log. */

import assert from "node:assert/strict";

import { Api, type Answer, type Ask } from "./harness/api.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { GROUP, suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const NODES = `/hostgroup/${GROUP}/nodes`;
const GIB = 1024 ** 3;

interface Refusal {
  readonly ask: readonly [method: string, path: string, ask?: Ask];
  readonly status: number;
  readonly words: RegExp;
}

/** Asks, and sees that exactly one line of the daemon's log is about it. */
async function refused(host: TestHost, { ask, status, words }: Refusal): Promise<Answer> {
  const since = host.daemon.lines.length;
  const answer = await host.api.ask(...ask);
  const about = `${ask[0]} ${ask[1]}: ${answer.text}`;
  assert.equal(answer.status, status, about);
  assert.match(String(answer.headers["content-type"]), /^application\/json/, about);
  assert.match(textIn(answer.json, "error"), words, about);
  const lines = await until(`a line in the log about ${about}`, () => {
    const found = host.daemon.lines.slice(since);
    return found.length > 0 && found;
  });
  assert.equal(lines.length, 1, `${about}\n${lines.join("\n")}`);
  const line = asObject(JSON.parse(lines[0] ?? ""));
  assert.deepEqual([line["method"], line["status"]], [ask[0], status]);
  return answer;
}

const create = (json: unknown): Refusal["ask"] => ["POST", NODES, { json }];
const body = (text: string): Refusal["ask"] => ["POST", NODES, { body: text }];
const as = (token: string | null): Refusal["ask"] => ["GET", "/nodes", { token }];
const query = (values: Record<string, string>): Refusal["ask"] => [
  "POST",
  NODES,
  { json: {}, query: values },
];

suite("limits", {}, (host, story) => {
  const all = async (refusals: readonly Refusal[]) => {
    for (const refusal of refusals) await refused(host, refusal);
    assert.deepEqual(await host.hostnames(), []);
  };

  story("more than the group allows is refused, and the limit is named", async () => {
    await all([
      { ask: create({ cpus: 2 }), status: 400, words: /cpus.*2.*sbox.*\(1\)/ },
      { ask: create({ ram_bytes: 8 * GIB }), status: 400, words: /ram_bytes.*8.*GiB.*256 MiB/ },
      { ask: create({ ram_bytes: 1 }), status: 400, words: /ram_bytes.*64 MiB/ },
      { ask: create({ gpu_count: 1 }), status: 400, words: /gpu/i },
      { ask: create({ count: 2 }), status: 400, words: /count/ },
      { ask: create({ tags: [""] }), status: 400, words: /tags/ },
      { ask: create({ userdata: "x".repeat(40_000) }), status: 400, words: /userdata.*32/ },
      { ask: create({ disk_image: "no-such-image" }), status: 400, words: /no-such-image/ },
    ]);
  });

  story("malformed JSON, wrong types, wrong waits and durations", async () => {
    await all([
      { ask: body('{"cpus": 1'), status: 400, words: /JSON/ },
      { ask: body("[]"), status: 400, words: /object/ },
      { ask: body('"text"'), status: 400, words: /object/ },
      { ask: create({ cpus: "1" }), status: 400, words: /cpus/ },
      { ask: create({ cpus: 1.5 }), status: 400, words: /cpus/ },
      { ask: create({ ram_bytes: -1 }), status: 400, words: /ram_bytes/ },
      { ask: create({ tags: "a" }), status: 400, words: /tags/ },
      { ask: create({ persistent: "yes" }), status: 400, words: /persistent/ },
      { ask: query({ wait: "forever" }), status: 400, words: /wait.*forever/ },
      { ask: query({ wait: "agent", timeout: "soon" }), status: 400, words: /timeout.*soon/ },
      { ask: query({ wait: "agent", timeout: "-5s" }), status: 400, words: /timeout/ },
    ]);
  });

  story("unknown groups, VMs and routes; a trailing slash; other methods", async () => {
    await all([
      { ask: ["POST", "/hostgroup/nope/nodes", { json: {} }], status: 404, words: /nope.*sbox/ },
      { ask: ["GET", "/hostgroup/nope/nodes"], status: 404, words: /nope/ },
      { ask: ["GET", "/vm/sbox-99/health"], status: 404, words: /sbox-99/ },
      { ask: ["POST", "/vm/sbox-99/pause"], status: 404, words: /sbox-99/ },
      { ask: ["POST", "/vm/sbox-99/shutdown"], status: 404, words: /sbox-99/ },
      { ask: ["GET", "/no/such/route"], status: 404, words: /no\/such\/route/ },
      { ask: ["GET", "/nodes/"], status: 404, words: /nodes/ },
      { ask: ["GET", "/"], status: 404, words: /./ },
    ]);
    const wrong = { ask: ["DELETE", "/nodes"], status: 405, words: /DELETE/ } as const;
    const { headers } = await refused(host, wrong);
    assert.match(String(headers.allow), /\bGET\b/);
    const onGroup = { ask: ["PUT", NODES], status: 405, words: /PUT/ } as const;
    assert.match(String((await refused(host, onGroup)).headers.allow), /GET.*POST/);
  });

  story("a body that is too large is refused with 413", async () => {
    const json = { userdata: "x".repeat(2 * 1024 * 1024) };
    await all([{ ask: create(json), status: 413, words: /large/ }]);
  });

  story("a missing or a wrong token answers 401; /healthz needs none", async () => {
    const basic = { token: null, headers: { authorization: "Basic Zm9vOmJhcg==" } };
    await all([
      { ask: as(null), status: 401, words: /token/ },
      { ask: as("wrong"), status: 401, words: /token/ },
      { ask: as(""), status: 401, words: /token/ },
      { ask: ["GET", "/nodes", basic], status: 401, words: /token/ },
      { ask: ["POST", NODES, { token: null, json: {} }], status: 401, words: /token/ },
    ]);
    assert.equal((await host.api.get("/nodes", { token: ` ${host.api.token} ` })).status, 200);
    assert.equal((await host.api.get("/healthz", { token: null })).status, 200);
  });

  story("the Unix socket needs no token and takes any", async () => {
    const { socketPath } = await host.daemon.serves();
    const socket = new Api({ socketPath: String(socketPath) });
    for (const token of [null, "", "whatever"]) {
      assert.equal((await socket.get("/nodes", { token })).status, 200);
    }
  });

  story("unknown fields and parameters, an empty body and any Content-Type are taken", async () => {
    const made = await host.api.post(`${NODES}?colour=blue`, {
      body: JSON.stringify({ surprise: 1, cpus: 0, tags: null, userdata: "" }),
      headers: { "content-type": "text/plain" },
    });
    assert.equal(made.status, 201, made.text);
    const empty = await host.api.post(NODES);
    assert.equal(empty.status, 201, empty.text);
    for (const hostname of await host.hostnames()) await host.deleteVm(hostname);
  });
});

suite("limits, auth off", { ALCOVE_AUTH: "off" }, (host, story) => {
  story("whatever Authorization arrives is ignored, an empty bearer too", async () => {
    for (const authorization of ["Bearer", "Bearer ", "Bearer x", "Basic eA=="]) {
      const ask = { token: null, headers: { authorization } };
      assert.equal((await host.api.get("/nodes", ask)).status, 200, authorization);
    }
    assert.equal((await host.api.get("/nodes", { token: null })).status, 200);
    assert.equal(host.daemon.events("host.auth_off").length, 1);
  });
});

suite("limits, a full host", { ALCOVE_MEMORY_RESERVE_MIB: "1000000" }, (host, story) => {
  story("no room: which resource, how much is needed and how much is missing", async () => {
    const { json } = await refused(host, {
      ask: ["POST", NODES, { json: {} }],
      status: 503,
      words: /memory.*320(\.0)? MiB needed.*free.*short/,
    });
    assert.equal(asObject(json)["code"], "no_capacity");
    assert.deepEqual(await host.hostnames(), []);
    assert.deepEqual(host.dirs.vmDirs(), []);
  });
});
