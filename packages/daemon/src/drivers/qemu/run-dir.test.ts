import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposable, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { lastWords, makeRunDir, type RunPaths, runPaths, sealRunDir } from "./run-dir.ts";

const asRoot = process.getuid?.() === 0;

const SOMEBODY = 1_900_000_500;

async function aRunRoot(): Promise<AsyncDisposable & { readonly paths: RunPaths }> {
  const root = await mkdtempDisposable(path.join(tmpdir(), "run-"));
  return {
    paths: await runPaths(path.join(root.path, "vm")),
    [Symbol.asyncDispose]: () => root.remove(),
  };
}

async function aSocketAt(file: string): Promise<Disposable> {
  const server = createServer().listen(file);
  await once(server, "listening");
  return { [Symbol.dispose]: () => server.close() };
}

test("run dir: QEMU's user owns its working directory only until the sockets are there", async (t) => {
  if (!asRoot) {
    t.skip("only root can give a directory away");
    return;
  }
  await using root = await aRunRoot();
  await makeRunDir(root.paths, SOMEBODY);
  const before = await stat(root.paths.workDir);
  using _qmp = await aSocketAt(root.paths.qmp);
  using _agent = await aSocketAt(root.paths.agent);
  using _console = await aSocketAt(root.paths.console);

  await sealRunDir(root.paths, SOMEBODY);

  const after = await stat(root.paths.workDir);
  assert.deepEqual([before.uid, before.mode & 0o777], [SOMEBODY, 0o700]);
  assert.deepEqual([after.uid, after.mode & 0o777], [0, 0o700]);
});

test("run dir: a link to somebody else's socket is not taken for QEMU's", async () => {
  await using root = await aRunRoot();
  await makeRunDir(root.paths, undefined);
  using _qmp = await aSocketAt(root.paths.qmp);
  using _agent = await aSocketAt(root.paths.agent);
  using _elsewhere = await aSocketAt(path.join(root.paths.workDir, "elsewhere"));
  await symlink("elsewhere", root.paths.console);

  await assert.rejects(sealRunDir(root.paths, undefined), /something else than a socket/);
});

test("run dir: one whose sockets could not be reached is refused before QEMU starts", async () => {
  const paths = await runPaths(path.join(tmpdir(), "x".repeat(100), "vm"));

  await assert.rejects(makeRunDir(paths, undefined), /too long for sockets/);
});

test("run dir: what an earlier machine left is removed", async () => {
  await using root = await aRunRoot();
  await makeRunDir(root.paths, undefined);
  await writeFile(root.paths.log, "old words");

  await makeRunDir(root.paths, undefined);

  assert.equal(await lastWords(root.paths), "");
});

test("run dir: last words are the end of the log, without control characters", async () => {
  await using root = await aRunRoot();
  await makeRunDir(root.paths, undefined);
  await writeFile(root.paths.log, `${"x".repeat(10_000)}\u001b[2Jthe end\n`);

  const words = await lastWords(root.paths);

  assert.match(words, /x\[2Jthe end$/);
  assert.equal(words.length, 4096 - "\u001b\n".length);
});
