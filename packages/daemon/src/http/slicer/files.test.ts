import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, test } from "node:test";

import { array, assert as assertProperty, asyncProperty, uint8Array } from "fast-check";

import { readTar, writeTar } from "#drivers/fake/fake-tar.ts";
import { SlicerApi } from "#testing/slicer-api.ts";
import { assertStrict, filled, shape } from "#testing/strict-json.ts";

const api = await SlicerApi.make();
after(() => api[Symbol.asyncDispose]());
const address = await api.listen();
const hostname = await api.vm();
const CP = `/vm/${hostname}/cp`;
const ERROR = shape({ error: filled, code: filled });
const { files } = api.host.boxOf(api.vms.get(hostname)).guest;

function contentOf(path: string): string | undefined {
  const entry = files.find(path);
  return entry?.kind === "file" ? entry.content.toString() : undefined;
}

const TREE = writeTar([
  { name: "a.txt", kind: "file", mode: 0o640, content: Buffer.from("A") },
  { name: "sub", kind: "directory", mode: 0o755, content: Buffer.alloc(0) },
  { name: "sub/b.txt", kind: "file", mode: 0o600, content: Buffer.from("B") },
]);

const TYPES: readonly (readonly [what: string, type: string | undefined])[] = [
  ["bytes", "application/octet-stream"],
  ["a form, as curl calls everything", "application/x-www-form-urlencoded"],
  ["JSON", "application/json"],
  ["nothing", undefined],
];

for (const [what, type] of TYPES) {
  test(`slicer cp: a body that calls itself ${what} is written as it is`, async () => {
    const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
    const path = `/made/for/${what.split(",")[0]}`;
    const url = `${CP}?path=${encodeURIComponent(path)}`;
    const answer = await api.call(`POST ${url}`, { headers, body: '{"not": "parsed"' });
    assert.deepEqual([answer.status, answer.text], [200, ""]);
    assert.equal(contentOf(path), '{"not": "parsed"');
  });
}

test("slicer cp: names with spaces and plus signs are what the query says", async () => {
  await api.call(`POST ${CP}?path=%2Ftmp%2Fa+b%2Bc&mode=binary`, { body: "x" });
  assert.equal(contentOf("/tmp/a b+c"), "x");
});

test("slicer cp: permissions are octal, and an existing file keeps its own", async () => {
  await api.call(`POST ${CP}?path=/tmp/secret&permissions=0600`, { body: "x" });
  await api.call(`POST ${CP}?path=/tmp/secret`, { body: "y" });
  assert.equal(files.find("/tmp/secret")?.mode, 0o600);
  await api.call(`POST ${CP}?path=/tmp/open&permissions=`, { body: "x" });
  assert.equal(files.find("/tmp/open")?.mode, 0o644);
});

for (const query of ["mode=tar", ""]) {
  test(`slicer cp: an archive is unpacked (${query || "by its content type"})`, async () => {
    const headers = { "content-type": "application/x-tar", "x-slicer-unpacked-size": "2" };
    const url = `${CP}?path=/tmp/tree${query.length}&${query}`;
    const { status } = await api.call(`POST ${url}`, { headers, body: TREE });
    assert.equal(status, 200);
    assert.equal(contentOf(`/tmp/tree${query.length}/a.txt`), "A");
    assert.equal(contentOf(`/tmp/tree${query.length}/sub/b.txt`), "B");
  });
}

test("slicer cp: cp-v1 places a file in a directory that exists, under its own name", async () => {
  const query =
    "path=/tmp&mode=cp-v1-binary&copy_semantics=cp-v1&source_name=n.txt&source_type=file";
  assert.equal((await api.call(`POST ${CP}?${query}`, { body: "n" })).status, 200);
  assert.equal(contentOf("/tmp/n.txt"), "n");
});

test("slicer cp: cp-v1 copies a directory's contents, or the directory, as cp -r does", async () => {
  const base = "mode=cp-v1-tar&copy_semantics=cp-v1&source_type=directory";
  await api.call(`POST ${CP}?path=/tmp/into&${base}&copy_contents=true`, { body: TREE });
  assert.equal(contentOf("/tmp/into/a.txt"), "A");
  await api.call(`POST ${CP}?path=/tmp/into&${base}&source_name=proj`, { body: TREE });
  assert.equal(contentOf("/tmp/into/proj/sub/b.txt"), "B");
});

const REFUSED: readonly (readonly [line: string, status: number, words: RegExp])[] = [
  [`POST ${CP}`, 400, /path: is required/],
  [`POST ${CP}?path=`, 400, /path: is required/],
  [`POST ${CP}?path=%00`, 400, /zero byte/],
  [`POST ${CP}?path=/tmp/x&mode=zip`, 400, /invalid mode: zip/],
  [`POST ${CP}?path=/tmp/x&mode=cp-v1-recursive`, 400, /invalid mode: cp-v1-recursive/],
  [`POST ${CP}?path=/tmp/x&permissions=rw`, 400, /not octal/],
  [`POST ${CP}?path=/tmp/x&uid=me`, 400, /uid/],
  [`POST ${CP}?path=/tmp/x&mode=cp-v1-binary&source_name=a%2Fb`, 400, /one path component/],
  [`POST ${CP}?path=/tmp/x&mode=cp-v1-binary&source_name=..`, 400, /one path component/],
  [`POST ${CP}?path=/tmp`, 400, /must specify a file not a directory/],
  [`POST ${CP}?path=/tmp/x&mode=tar`, 400, /./],
  [`GET ${CP}`, 400, /path: is required/],
  [`GET ${CP}?path=/none`, 404, /does not exist/],
  [`GET ${CP}?path=/tmp&mode=binary`, 400, /must specify a file not a directory/],
  [`GET ${CP}?path=/tmp&mode=cp-v1-binary`, 400, /must specify a file not a directory/],
  [`GET ${CP}?path=/tmp&mode=zip`, 400, /invalid mode: zip/],
];

for (const [line, wanted, words] of REFUSED) {
  test(`slicer cp: ${line.replace(CP, "cp")} is ${wanted}`, async () => {
    const body = line.startsWith("POST") ? { body: "this is no archive" } : {};
    const { status, text } = await api.call(line, body);
    assert.equal(status, wanted);
    assertStrict(text, ERROR);
    assert.match(text, words);
  });
}

test("slicer cp: a file comes out with its mode and length", async () => {
  files.write("/tmp/out.bin", Buffer.from([0, 255, 10]), 0o640);
  for (const query of ["", "&mode=binary", "&permissions=0600"]) {
    const { status, type, headers, bytes } = await api.call(`GET ${CP}?path=/tmp/out.bin${query}`);
    assert.deepEqual([status, type], [200, "application/octet-stream"]);
    assert.deepEqual([headers["x-slicer-file-mode"], headers["content-length"]], ["0640", "3"]);
    assert.equal(headers["x-slicer-source-type"], undefined);
    assert.deepEqual(bytes, Buffer.from([0, 255, 10]));
  }
});

test("slicer cp: nothing is copied out for the headers alone", async () => {
  const { status, headers } = await api.call(`HEAD ${CP}?path=/tmp/out.bin`);
  assert.deepEqual([status, headers["allow"]], [405, "GET, POST"]);
});

test("slicer cp: an empty file is a file", async () => {
  files.write("/tmp/empty", Buffer.alloc(0), 0o600);
  const { status, headers, bytes } = await api.call(`GET ${CP}?path=/tmp/empty`);
  assert.deepEqual([status, headers["x-slicer-file-mode"], bytes.length], [200, "0600", 0]);
});

test("slicer cp: a directory comes out as an archive with clean relative names", async () => {
  await api.call(`POST ${CP}?path=/tmp/dir&mode=tar`, { body: TREE });
  const accept = { accept: "application/x-tar" };
  for (const [query, headers] of [
    ["&mode=tar", {}],
    ["", accept],
  ] as const) {
    const { status, type, bytes } = await api.call(`GET ${CP}?path=/tmp/dir${query}`, { headers });
    assert.deepEqual([status, type], [200, "application/x-tar"]);
    assert.equal(bytes.toString("latin1", 257, 262), "ustar");
    assert.deepEqual(
      readTar(bytes).map(({ name }) => name.replace(/\/$/, "")),
      ["a.txt", "sub", "sub/b.txt"],
    );
  }
});

test("slicer cp: what is excluded does not come out", async () => {
  await api.call(`POST ${CP}?path=/tmp/some&mode=tar`, { body: TREE });
  const url = `${CP}?path=/tmp/some&mode=tar&exclude=b.*&exclude=none`;
  const { bytes } = await api.call(`GET ${url}`);
  const names = readTar(bytes).map(({ name }) => name.replace(/\/$/, ""));
  assert.deepEqual(names, ["a.txt", "sub"]);
});

test("slicer cp: cp-v1 says what the source is and what it is called", async () => {
  files.write("/tmp/häßlich.txt", Buffer.from("x"), 0o644);
  await api.call(`POST ${CP}?path=/tmp/proj&mode=tar`, { body: TREE });
  const get = async (path: string, mode: string) => {
    const query = `path=${encodeURIComponent(path)}&mode=${mode}&copy_semantics=cp-v1`;
    const { status, type, headers } = await api.call(`GET ${CP}?${query}`);
    const name = headers["x-slicer-source-name-base64"];
    const plain = typeof name === "string" ? Buffer.from(name, "base64url").toString() : name;
    assert.ok(typeof name !== "string" || !name.includes("="));
    return [status, type, headers["x-slicer-source-type"], plain];
  };
  const octets = "application/octet-stream";
  const tar = "application/x-tar";
  assert.deepEqual(await get("/tmp/häßlich.txt", "cp-v1-binary"), [
    200,
    octets,
    "file",
    "häßlich.txt",
  ]);
  assert.deepEqual(await get("/tmp/häßlich.txt", "cp-v1-recursive"), [
    200,
    octets,
    "file",
    "häßlich.txt",
  ]);
  assert.deepEqual(await get("/tmp/proj", "cp-v1-recursive"), [200, tar, "directory", "proj"]);
  assert.deepEqual(await get("/tmp/proj", "cp-v1-tar"), [200, tar, "directory", "proj"]);
  assert.equal((await get("/tmp/häßlich.txt", "cp-v1-tar"))[0], 400);
});

test("slicer cp: any bytes come back as they went in", async () => {
  await assertProperty(
    asyncProperty(array(uint8Array({ maxLength: 300 })), async (parts) => {
      const bytes = Buffer.concat(parts);
      await api.call(`POST ${CP}?path=/tmp/round`, { body: bytes });
      const back = await api.call(`GET ${CP}?path=/tmp/round`);
      assert.ok(back.bytes.equals(bytes));
    }),
    { numRuns: 30 },
  );
});

test("slicer cp: an upload is not bounded by what a JSON body may be", async () => {
  const body = Buffer.alloc(5 * 1024 * 1024, "0123456789");
  assert.equal((await api.call(`POST ${CP}?path=/tmp/large`, { body })).status, 200);
  const { bytes } = await api.call(`GET ${CP}?path=/tmp/large`);
  assert.ok(bytes.equals(body));
});

test("slicer cp: more than the guest can hold is 413", async () => {
  const body = Buffer.alloc(65 * 1024 * 1024);
  const { status, text } = await api.call(`POST ${CP}?path=/tmp/huge`, { body });
  assert.equal(status, 413);
  assertStrict(text, ERROR);
});

test("slicer cp: a large upload that is refused early is answered, not cut off", async () => {
  const body = Buffer.alloc(8 * 1024 * 1024);
  const [host = "", port = ""] = address.split(":");
  for (const [path, status] of [
    ["/vm/none-1/cp?path=/x", 404],
    [`${CP}?path=/x&mode=zip`, 400],
  ] as const) {
    const call = request({ host, port: Number(port), path, method: "POST" });
    call.end(body);
    const [response] = await once(call, "response");
    assert.equal(response.statusCode, status);
    response.resume();
    await once(response, "end");
  }
});
