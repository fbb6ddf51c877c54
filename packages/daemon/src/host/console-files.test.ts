import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { tempDir } from "#testing/temp-dir.ts";

import { readConsole } from "./console-files.ts";

test("console files: all that was built, with its forms and types", async () => {
  await using dir = await tempDir();
  await mkdir(path.join(dir.path, "assets"));
  const built = {
    "index.html": "<p>",
    "index.html.br": "b",
    "assets/a-1.js": "let a",
    "assets/a-1.js.gz": "gg",
    "favicon.svg": "<svg/>",
    unknown: "?",
  };
  for (const [name, text] of Object.entries(built))
    await writeFile(path.join(dir.path, name), text);
  const read = await readConsole(dir.path);
  assert.equal(read?.bytes, Object.values(built).join("").length);
  const found = Array.from(read?.files ?? [], ([name, { type, plain, br, gzip }]) =>
    [name, type, ...[plain, br, gzip].map(String)].join(" "),
  );
  assert.deepEqual(found.toSorted(), [
    "assets/a-1.js text/javascript; charset=utf-8 let a undefined gg",
    "favicon.svg image/svg+xml <svg/> undefined undefined",
    "index.html text/html; charset=utf-8 <p> b undefined",
    "unknown application/octet-stream ? undefined undefined",
  ]);
  const etags = new Set(Array.from(read?.files.values() ?? [], ({ etag }) => etag));
  assert.equal(etags.size, 4);
});

test("console files: without a first page there is no console", async () => {
  await using dir = await tempDir();
  assert.equal(await readConsole(path.join(dir.path, "none")), undefined);
  assert.equal(await readConsole(dir.path), undefined);
});

test("console files: what is no console is not taken into memory", async () => {
  await using dir = await tempDir();
  for (let n = 0; n <= 1_000; n += 1) await writeFile(path.join(dir.path, `${n}.js`), "");
  await writeFile(path.join(dir.path, "index.html"), "");
  await assert.rejects(readConsole(dir.path), /more than 1000 files.*build it again/);
});
