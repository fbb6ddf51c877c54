import assert from "node:assert/strict";
import { after, test } from "node:test";

import { SlicerApi } from "#testing/slicer-api.ts";

const api = await SlicerApi.make();
after(() => api[Symbol.asyncDispose]());
const hostname = await api.vm();

/** What clients and curl's habits send along, whether or not anybody reads it. */
const BODIES: readonly (readonly [what: string, type: string | undefined, body: string])[] = [
  ["none", undefined, ""],
  ["none, said to be JSON", "application/json", ""],
  ["none, said to be a form", "application/x-www-form-urlencoded", ""],
  ["none, said to be nonsense", "nonsense", ""],
  ["text", "text/plain", "hello"],
  ["broken JSON", "application/json", "{"],
  ["nonsense", "no/media/type", "\0\0"],
];

const NOT_READ = [
  `POST /vm/${hostname}/pause`,
  `POST /vm/${hostname}/resume`,
  "POST /daemon/shutdown",
  "DELETE /hostgroup/sbox/nodes/none-1",
];

for (const [what, type, body] of BODIES) {
  test(`bodies: ${what}: is forgotten where none is asked for`, async () => {
    for (const line of NOT_READ) {
      const headers = type === undefined ? {} : { "content-type": type };
      const { status, text } = await api.call(line, { headers, body });
      assert.ok([200, 202, 404].includes(status), `${line}: ${status} ${text}`);
    }
  });
}

for (const type of [
  "application/json",
  "text/plain",
  "nonsense",
  "multipart/form-data",
  "a/b; c=d",
]) {
  test(`bodies: JSON is read as JSON, though it calls itself ${type}`, async () => {
    const headers = { "content-type": type };
    const line = `PATCH /vm/${hostname}/tags`;
    const { status, text } = await api.call(line, { headers, body: '{"replace":["a"]}' });
    assert.deepEqual([status, JSON.parse(text).tags], [200, ["a"]]);
  });
}

test("bodies: what is no JSON is refused where JSON is asked for", async () => {
  const { status, text } = await api.call(`PATCH /vm/${hostname}/tags`, { body: "{" });
  assert.deepEqual([status, JSON.parse(text).code], [400, "invalid_request"]);
});

test("bodies: more than anybody can mean is 413", async () => {
  const body = Buffer.alloc(1024 * 1024 + 1, " ");
  assert.equal((await api.call(`PATCH /vm/${hostname}/tags`, { body })).status, 413);
});
