/** The published package: built, type-checked by a program that uses it, and run by the machine's own Node. */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { FakeHost } from "@alcove/sdk/testing/fake-host.ts";

import { buildPackage } from "./build.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** A Node of the machine that is older than ours, else ours: the package must run on both. */
function otherNode(): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const found = folders
    .map((folder) => path.join(folder, "node"))
    .find((file) => {
      const major = /^v(\d+)/.exec(spawnSync(file, ["--version"]).stdout?.toString() ?? "")?.[1];
      return major !== undefined && Number(major) >= 18 && Number(major) < 24;
    });
  return found ?? process.execPath;
}

const PROGRAM = `
import { AlcoveClient, SecretExistsError, SlicerClient, GiB } from "@alcove/sdk";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import net from "node:net";
import { text } from "node:stream/consumers";

assert.equal(SlicerClient, AlcoveClient);
const client = AlcoveClient.fromEnv();
const vm = await client.vms.create("sbox", { ramBytes: GiB(1) }, { wait: "agent" });
const result = await vm.execBuffered({ command: "cat", stdin: "hello" });
assert.deepEqual([result.stdout, result.exitCode], ["hello", 0]);
const frames = [];
for await (const frame of vm.exec({ command: "echo", args: ["hi"] })) frames.push(frame);
assert.equal(frames.map(({ stdout = "" }) => stdout).join(""), "hi\\n");
await vm.fs.writeFile("/f", "content");
assert.equal((await vm.fs.readFile("/f")).toString("utf8"), "content");
await client.secrets.create({ name: "s", data: "x" });
await assert.rejects(client.secrets.create({ name: "s", data: "x" }), SecretExistsError);
const server = net.createServer((socket) => socket.end("from the guest")).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const forward = await vm.forward("127.0.0.1:0:127.0.0.1:" + server.address().port);
const answer = await text(net.connect(forward.listeners[0].port, "127.0.0.1"));
assert.equal(answer, "from the guest");
await forward.close();
server.close();
const shell = await vm.shell({ size: { cols: 80, rows: 24 } });
await shell.write("\\u0004");
let seen = "";
for await (const bytes of shell.output) seen += bytes.toString();
assert.match(seen, /^80x24/);
await vm.upload("program.js", "/up");
await vm.download("/up", "down.js", { permissions: "0600" });
assert.equal(await readFile("down.js", "utf8"), await readFile("program.js", "utf8"));
await vm.upload("tree", "/tree");
await vm.download("/tree", "copy");
assert.equal(await readFile("copy/sub/leaf", "utf8"), "leaf");
const { execId } = await vm.bg.exec({ command: "echo", args: ["from behind"] });
let logged = "";
for await (const { stdout = "" } of vm.bg.logs(execId, { follow: true })) logged += stdout;
assert.equal(logged, "from behind\\n");
for await (const change of vm.fs.watch({ paths: ["/"] })) assert.fail(change.path);
assert.equal((await client.vms.get(vm.hostname)).hostname, vm.hostname);
assert.equal((await vm.waitForAgent()).agentVersion, "1");
await vm[Symbol.asyncDispose]();
console.log("all good");
`;

const TYPED_PROGRAM = `
import { AlcoveClient, type ExecFrame, type VM } from "@alcove/sdk";
const client = new AlcoveClient({ baseURL: "http://127.0.0.1:8080", token: "x" });
await using vm: VM = await client.vms.create("sbox", { cpus: 1 }, { waitTimeoutSec: 60 });
const text: string = (await vm.execBuffered({ command: "true" })).stdout;
const bytes: Buffer = (await vm.execBuffered({ command: "true", stdio: "base64" })).stdout;
const frames: ExecFrame<Buffer>[] = [];
for await (const frame of vm.exec({ command: "true" })) frames.push(frame);
const port: number | undefined = (await vm.forward("80:localhost:80")).listeners[0]?.port;
const code: number | null | undefined = (await vm.bg.wait("ex_1")).exitCode;
export { text, bytes, frames, port, code };
`;

const WRONG_PROGRAM = `
import { AlcoveClient } from "@alcove/sdk";
await AlcoveClient.fromEnv().vms.create("sbox", { ram_bytes: 1 });
export {};
`;

describe("published package", { timeout: 180_000 }, () => {
  let folder = "";
  const at = (...parts: string[]): string => path.join(folder, ...parts);
  const built = (): string => at("node_modules/@alcove/sdk");

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "alcove-package-"));
    await mkdir(at("node_modules/@alcove"), { recursive: true });
    for (const name of ["ws", "modern-tar", "@types", "undici-types"]) {
      await symlink(path.join(ROOT, "node_modules", name), at("node_modules", name));
    }
    await buildPackage(built());
    await writeFile(at("package.json"), '{"type":"module"}');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("runs on the machine's own Node, as a program installs it", async (context) => {
    const node = otherNode();
    const { stdout: version } = await run(node, ["--version"]);
    context.diagnostic(`run by Node ${version.trim()}`);
    await using host = await FakeHost.open({ token: "t" });
    await writeFile(at("program.js"), PROGRAM);
    await mkdir(at("tree/sub"), { recursive: true });
    await writeFile(at("tree/sub/leaf"), "leaf");
    const env = { PATH: process.env["PATH"], ALCOVE_URL: host.url, ALCOVE_TOKEN: "t" };
    const { stdout } = await run(node, ["program.js"], { cwd: folder, env, timeout: 30_000 });
    assert.equal(stdout, "all good\n");
    assert.equal(host.vms.size, 0);
  });

  async function complaints(program: string): Promise<string> {
    await writeFile(at("program.ts"), program);
    const compiler = path.join(ROOT, "node_modules/typescript/bin/tsc");
    const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--module", "nodenext"];
    const more = ["--target", "esnext", "--types", "node", "program.ts"];
    const compiled = run(process.execPath, [compiler, ...flags, ...more], { cwd: folder });
    return (await compiled.catch((error: { stdout: string }) => error)).stdout;
  }

  test("its types serve a program that is strict, and catch one that is wrong", async () => {
    assert.equal(await complaints(TYPED_PROGRAM), "");
    assert.match(await complaints(WRONG_PROGRAM), /ram_bytes.*does not exist/);
  });

  test("names nothing of this checkout, and its browser entry nothing of Node", async () => {
    const manifest: { exports: object; dependencies: object } = JSON.parse(
      await readFile(path.join(built(), "package.json"), "utf8"),
    );
    assert.deepEqual(Object.keys(manifest.dependencies).toSorted(), ["modern-tar", "ws"]);
    const files = globSync("**/*.{js,d.ts}", { cwd: built() });
    assert.ok(files.length > 60, `only ${files.length} files`);
    for (const file of files) {
      const text = await readFile(path.join(built(), file), "utf8");
      assert.doesNotMatch(text, /from "[^"]*\.ts"|"@alcove\//, file);
      const isForEverybody = !file.startsWith("node/") && !file.startsWith("index.");
      if (isForEverybody) assert.doesNotMatch(text, /from "(node:|ws|\.\/node\/)/, file);
    }
  });
});
