import assert from "node:assert/strict";
import { test } from "node:test";

import { SlicerApi } from "#testing/slicer-api.ts";

const HERE = "/vm/sbox-1/fs";

async function withVm(): Promise<SlicerApi> {
  const api = await SlicerApi.make();
  await api.vm();
  return api;
}

test("slicer fs: a directory is made, listed, looked at and removed", async () => {
  await using api = await withVm();
  const body = JSON.stringify({ path: "/srv/a/b", recursive: true, mode: "0750" });
  const made = await api.call(`POST ${HERE}/mkdir`, { body });
  assert.equal(made.status, 200, made.text);
  const stat = await api.call(`GET ${HERE}/stat?path=/srv/a/b`);
  assert.equal(stat.status, 200, stat.text);
  const { name, type, size, mtime, mode } = JSON.parse(stat.text);
  assert.deepEqual([name, type, mode], ["b", "directory", "0750"]);
  assert.equal(typeof size, "number");
  assert.match(mtime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const listed = await api.call(`GET ${HERE}/readdir?path=/srv/a`);
  assert.deepEqual([listed.status, listed.type?.split(";")[0]], [200, "application/json"]);
  assert.deepEqual(JSON.parse(listed.text), [{ name, type, size, mtime, mode }]);
  const empty = await api.call(`GET ${HERE}/readdir?path=/srv/a/b`);
  assert.equal(empty.text, "[]");
  const removed = await api.call(`DELETE ${HERE}/remove?path=/srv/a&recursive=true`);
  assert.equal(removed.status, 200, removed.text);
  assert.equal((await api.call(`GET ${HERE}/stat?path=/srv/a`)).status, 404);
});

test("slicer fs: null in a body is what absent is", async () => {
  await using api = await withVm();
  const body = JSON.stringify({ path: "/plain", recursive: null, mode: null });
  const made = await api.call(`POST ${HERE}/mkdir`, { body });
  assert.equal(made.status, 200, made.text);
  const { mode } = JSON.parse((await api.call(`GET ${HERE}/stat?path=/plain`)).text);
  assert.equal(mode, "0755");
});

test("slicer fs: what is missing, wrong or not empty is refused", async () => {
  await using api = await withVm();
  await api.call(`POST ${HERE}/mkdir`, { body: '{"path":"/srv/full/x","recursive":true}' });
  for (const [line, status] of [
    [`GET ${HERE}/stat?path=/nowhere`, 404],
    [`GET ${HERE}/readdir?path=/nowhere`, 404],
    [`GET ${HERE}/stat`, 400],
    [`GET ${HERE}/readdir?path=`, 400],
    [`DELETE ${HERE}/remove?path=/srv/full&recursive=false`, 400],
    [`DELETE ${HERE}/remove?path=/nowhere&recursive=false`, 404],
    [`DELETE ${HERE}/remove?path=/srv/full&recursive=perhaps`, 400],
    ["GET /vm/sbox-9/fs/stat?path=/", 404],
  ] as const) {
    const answer = await api.call(line);
    assert.equal(answer.status, status, `${line}: ${answer.text}`);
  }
  for (const body of ["{}", '{"path":"/srv/y","mode":"rwx"}', '{"path":7}']) {
    assert.equal((await api.call(`POST ${HERE}/mkdir`, { body })).status, 400, body);
  }
  const noMode = await api.call(`POST ${HERE}/mkdir`, { body: '{"path":"/srv/y","mode":"rwx"}' });
  assert.match(noMode.text, /"mode: /, "told by the name that the client used");
});

test("slicer fs: a paused VM refuses with 409", async () => {
  await using api = await withVm();
  await api.call("POST /vm/sbox-1/pause");
  assert.equal((await api.call(`GET ${HERE}/stat?path=/`)).status, 409);
});
