import assert from "node:assert/strict";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  symlink,
  utimes,
  writeFile,
  link,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { type TarHeader, packTar } from "modern-tar";

import { AlcoveProtocolError } from "../errors.ts";
import { packDirectory, packedBytes } from "./tar-pack.ts";
import { unpackInto } from "./tar-unpack.ts";

const never = new AbortController().signal;
const OLD = new Date("2001-02-03T04:05:06Z");

async function scratch(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(path.join(tmpdir(), "alcove-tar-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

async function sampleTree(dir: string): Promise<void> {
  const long = "n".repeat(180);
  await mkdir(path.join(dir, "sub", "empty"), { recursive: true });
  await writeFile(path.join(dir, "sub", "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(path.join(dir, "sub", `${long}-ü`), "");
  await writeFile(path.join(dir, "big"), Buffer.alloc(700_001, 7));
  await link(path.join(dir, "big"), path.join(dir, "sub", "hard-link"));
  await symlink("/etc/passwd", path.join(dir, "sub", "link"));
  await chmod(path.join(dir, "sub", "empty"), 0o555);
  for (const name of ["big", "sub/run.sh", "sub/empty", "sub"]) {
    await utimes(path.join(dir, name), OLD, OLD);
  }
}

async function describeTree(dir: string): Promise<Record<string, unknown>> {
  const tree: Record<string, unknown> = {};
  for (const name of (await readdir(dir, { recursive: true })).toSorted()) {
    const stats = await lstat(path.join(dir, name));
    const kind = stats.isDirectory() ? "directory" : stats.size;
    tree[name] = [kind, (stats.mode & 0o7777).toString(8), Math.floor(stats.mtimeMs / 1000)];
  }
  return tree;
}

const quiet = { exclude: [], fileMode: undefined, onSkip: () => undefined };

test("tar: a tree keeps its content, modes and times; links are left out and reported", async () => {
  await using from = await scratch();
  await using to = await scratch();
  await sampleTree(from.dir);
  const skipped: string[] = [];
  const tar = packDirectory(from.dir, { exclude: [], onSkip: (name) => skipped.push(name) }, never);
  await unpackInto(to.dir, tar, quiet, never);
  const { "sub/link": _, ...expected } = await describeTree(from.dir);
  assert.deepEqual(await describeTree(to.dir), expected);
  assert.ok((await readFile(path.join(to.dir, "sub/hard-link"))).equals(Buffer.alloc(700_001, 7)));
  assert.deepEqual(skipped, ["sub/link"]);
  assert.equal(await packedBytes(from.dir, [], never), 700_001 * 2 + 10);
});

test("tar: entry names are relative and clean, and excluded ones are absent", async () => {
  await using from = await scratch();
  await using to = await scratch();
  await sampleTree(from.dir);
  const options = { exclude: ["sub/empty", "n*"], onSkip: () => undefined };
  const chunks: Buffer[] = await packDirectory(from.dir, options, never).toArray();
  const tar = Buffer.concat(chunks);
  assert.equal(tar.toString("latin1", 0, 3), "big");
  await unpackInto(to.dir, toStream(tar), quiet, never);
  assert.deepEqual(Object.keys(await describeTree(to.dir)), [
    "big",
    "sub",
    "sub/hard-link",
    "sub/run.sh",
  ]);
});

async function* toStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

async function archive(...headers: (Partial<TarHeader> & { name: string })[]): Promise<Uint8Array> {
  return await packTar(headers.map((header) => ({ header: { size: 0, ...header }, body: "" })));
}

test("tar: an archive that reaches outside is refused", async () => {
  for (const name of ["../out", "a/../../out", "/etc/out", "a/b/.."]) {
    await using to = await scratch();
    const target = path.join(to.dir, "in");
    const attempt = unpackInto(target, toStream(await archive({ name })), quiet, never);
    await assert.rejects(attempt, AlcoveProtocolError, name);
    assert.deepEqual(await readdir(to.dir, { recursive: true }), ["in"]);
  }
});

test("tar: nothing is written through a symbolic link that is already there", async () => {
  await using to = await scratch();
  await mkdir(path.join(to.dir, "outside"));
  await mkdir(path.join(to.dir, "in"));
  await symlink("../outside", path.join(to.dir, "in", "door"));
  const bytes = await archive({ name: "door/x", mode: 0o644 });
  await assert.rejects(
    unpackInto(path.join(to.dir, "in"), toStream(bytes), quiet, never),
    AlcoveProtocolError,
  );
  assert.deepEqual(await readdir(path.join(to.dir, "outside")), []);
});

test("tar: links and devices are skipped, set-id bits dropped", async () => {
  await using to = await scratch();
  const skipped: string[] = [];
  const bytes = await archive(
    { name: "l", type: "symlink", linkname: "/etc/passwd" },
    { name: "h", type: "link", linkname: "suid" },
    { name: "d", type: "character-device" },
    { name: "suid", mode: 0o6755, mtime: OLD },
  );
  await unpackInto(
    to.dir,
    toStream(bytes),
    { ...quiet, onSkip: (name) => skipped.push(name) },
    never,
  );
  assert.deepEqual(skipped, ["l", "h", "d"]);
  assert.deepEqual(await describeTree(to.dir), { suid: [0, "755", OLD.getTime() / 1000] });
});

test("tar: an archive that is cut off leaves no half file and is an error", async () => {
  await using from = await scratch();
  await using to = await scratch();
  await writeFile(path.join(from.dir, "f"), Buffer.alloc(10_000, 1));
  const options = { exclude: [], onSkip: () => undefined };
  const chunks: Buffer[] = await packDirectory(from.dir, options, never).toArray();
  const cut = Buffer.concat(chunks).subarray(0, 5_000);
  await assert.rejects(unpackInto(to.dir, toStream(cut), quiet, never));
  assert.deepEqual(await readdir(to.dir), []);
});
