import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";

import {
  assertStrict,
  count,
  filled,
  list,
  matching,
  shape,
  time as instant,
} from "#testing/strict-json.ts";
import { SlicerApi } from "#testing/slicer-api.ts";

const VALUE = "hunter2-hunter2-hunter2";
const DATA = Buffer.from(VALUE).toString("base64");

const SECRETS = list(
  shape({
    name: filled,
    size: count,
    permissions: matching(/^0[0-7]{3}$/),
    uid: count,
    gid: count,
    mod_time: instant,
    modified_at: instant,
  }),
);

async function send(api: SlicerApi, line: string, body?: unknown) {
  const answer = await api.call(line, body === undefined ? {} : { body: JSON.stringify(body) });
  return answer;
}

async function listed(api: SlicerApi) {
  const { status, text } = await api.call("GET /secrets");
  assert.equal(status, 200);
  assertStrict(text, SECRETS);
  const secrets: { name: string; size: number; mod_time: string; modified_at: string }[] =
    JSON.parse(text);
  return secrets.map(({ mod_time: time, modified_at: sameTime, ...rest }) => {
    assert.equal(time, sameTime);
    return rest;
  });
}

test("slicer secrets: made with 201, listed without data, changed and deleted with 200 and no body", async () => {
  await using api = await SlicerApi.make();
  assert.deepEqual(await listed(api), []);
  const made = await send(api, "POST /secrets", { name: "token", data: DATA });
  assert.deepEqual([made.status, made.text], [201, ""]);
  const token = { name: "token", size: VALUE.length, permissions: "0600", uid: 0, gid: 0 };
  assert.deepEqual(await listed(api), [token]);
  const changed = await send(api, "PATCH /secrets/token", { data: "", uid: 7, permissions: "440" });
  assert.deepEqual([changed.status, changed.text], [200, ""]);
  assert.deepEqual(await listed(api), [{ ...token, uid: 7, permissions: "0440" }]);
  await send(api, "PATCH /secrets/token", { data: "YQ==", uid: null });
  assert.deepEqual(await listed(api), [{ ...token, uid: 7, permissions: "0440", size: 1 }]);
  const removed = await api.call("DELETE /secrets/token");
  assert.deepEqual([removed.status, removed.text], [200, ""]);
  assert.deepEqual(await listed(api), []);
});

test("slicer secrets: 409 for a name that is taken, 404 for one that is not there", async () => {
  await using api = await SlicerApi.make();
  await send(api, "POST /secrets", { name: "a", data: DATA });
  assert.equal((await send(api, "POST /secrets", { name: "a", data: "YQ==" })).status, 409);
  for (const line of ["PATCH /secrets/b", "DELETE /secrets/b", "DELETE /secrets/..%2Fkey"]) {
    assert.equal((await send(api, line, {})).status, 404, line);
  }
  assert.deepEqual(
    (await listed(api)).map(({ size }) => size),
    [VALUE.length],
  );
});

const GOOD: readonly (readonly [data: string, size: number])[] = [
  ["", 0],
  ["YQ==", 1],
  ["YQ", 1],
  ["YWI=", 2],
  ["YWJj", 3],
  ["YW\r\nJj\n", 3],
  ["//79", 3],
];

for (const [data, size] of GOOD) {
  test(`slicer secrets: ${JSON.stringify(data)} is ${size} bytes`, async () => {
    await using api = await SlicerApi.make();
    assert.equal((await send(api, "POST /secrets", { name: "a", data })).status, 201);
    assert.deepEqual(
      (await listed(api)).map((secret) => secret.size),
      [size],
    );
  });
}

const BAD: readonly (readonly [string, unknown])[] = [
  ["no name", { data: DATA }],
  ["an empty name", { name: "", data: DATA }],
  ["a path", { name: "../a", data: DATA }],
  ["no data", { name: "a" }],
  ["null data", { name: "a", data: null }],
  ["text", { name: "a", data: "hunter2!" }],
  ["URL-safe base64", { name: "a", data: "__79" }],
  ["cut base64", { name: "a", data: "YWJjZ" }],
  ["base64 with too much padding", { name: "a", data: "YQ===" }],
  ["padding in the middle", { name: "a", data: "YQ==YQ==" }],
  ["a number", { name: "a", data: 7 }],
  ["permissions in words", { name: "a", data: DATA, permissions: "rw-------" }],
  ["setuid", { name: "a", data: DATA, permissions: "4755" }],
  ["permissions as a number", { name: "a", data: DATA, permissions: 600 }],
  ["a negative owner", { name: "a", data: DATA, uid: -1 }],
  ["nobody's id", { name: "a", data: DATA, gid: 4_294_967_295 }],
  ["an owner's name", { name: "a", data: DATA, uid: "root" }],
  ["a list", []],
];

test("slicer secrets: what is wrong is 400 and makes nothing", async () => {
  await using api = await SlicerApi.make();
  for (const [what, body] of BAD) {
    const { status, text } = await send(api, "POST /secrets", body);
    assert.equal(status, 400, `${what}: ${text}`);
  }
  await send(api, "POST /secrets", { name: "a", data: DATA });
  for (const body of [{ data: "%" }, { permissions: "9" }, { uid: 1.5 }, { gid: "0" }]) {
    assert.equal((await send(api, "PATCH /secrets/a", body)).status, 400, JSON.stringify(body));
  }
  assert.deepEqual(await listed(api), [
    { name: "a", size: VALUE.length, permissions: "0600", uid: 0, gid: 0 },
  ]);
});

test("slicer secrets: 1 MiB is taken, a byte more is 400, and a body without end 413", async () => {
  await using api = await SlicerApi.make();
  const post = async (bytes: number) => {
    const data = Buffer.alloc(bytes, "x").toString("base64");
    return (await send(api, "POST /secrets", { name: `s${bytes}`, data })).status;
  };
  assert.deepEqual(
    [await post(2 ** 20), await post(2 ** 20 + 1), await post(2 ** 21)],
    [201, 400, 413],
  );
});

test("slicer secrets: no answer and no line of the log repeats a byte of one", async () => {
  await using api = await SlicerApi.make();
  const bodies = [
    `{"name":"a","data":"${DATA}"}`,
    `{"name":"a","data":"${DATA}"`,
    `{"name":"b","data":"${VALUE}"}`,
    `{"name":"b","data":${VALUE}}`,
    `{"data":"${DATA}","permissions":"${VALUE}x"}`,
    DATA,
    VALUE,
  ];
  const answers = [];
  for (const body of bodies) {
    answers.push(
      await api.call("POST /secrets", { body }),
      await api.call("PATCH /secrets/a", { body }),
    );
  }
  await api.vm();
  answers.push(await api.call("GET /secrets"), await api.call("GET /nodes"));
  const seen = JSON.stringify([
    answers.map(({ text, headers }) => [text, headers]),
    api.host.log.lines,
  ]);
  for (const part of [VALUE, DATA, "hunter2", DATA.slice(0, 8)]) {
    assert.ok(!seen.includes(part), `${part} is in ${seen}`);
  }
});

test("slicer secrets: one that is damaged is 500 with a name, and deleting it helps", async () => {
  await using api = await SlicerApi.make();
  await writeFile(`${api.host.directory}/secrets/sealed/a.sealed`, "junk");
  const { status, text } = await send(api, "PATCH /secrets/a", { uid: 1 });
  assert.deepEqual([status, JSON.parse(text).code], [500, "secret_damaged"]);
  assert.deepEqual(await listed(api), []);
  assert.equal((await api.call("DELETE /secrets/a")).status, 200);
});

test("slicer secrets: a create names some, all or none, and an unknown one is 400", async () => {
  await using api = await SlicerApi.make();
  await send(api, "POST /secrets", { name: "a", data: DATA });
  await send(api, "POST /secrets", { name: "b", data: DATA });
  const chosen = [];
  for (const secrets of [undefined, null, ["b"], []]) {
    const hostname = await api.vm({ secrets });
    const files = api.host.boxOf(api.vms.get(hostname)).guest.files;
    chosen.push(files.below("/run/slicer/secrets").map(([name]) => name));
  }
  assert.deepEqual(chosen, [["a", "b"], ["a", "b"], ["b"], []]);
  const { status, text } = await api.call("POST /hostgroup/sbox/nodes", {
    body: '{"secrets":["a","c"]}',
  });
  assert.deepEqual(
    [status, JSON.parse(text).error],
    [400, 'secrets: there is no secret "c"; create it first'],
  );
});
