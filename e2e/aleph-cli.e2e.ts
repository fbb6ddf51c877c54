/** `alcove aleph` against a node with a real guest: what an operator types, from the sign-in to the erasure. */

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";

import { WALLETS } from "./harness/aleph-client.ts";
import { AlephNode, alephNodeSuite, instanceContent, storiesOf } from "./harness/aleph-node.ts";
import { ROOT } from "./harness/can-run.ts";
import { asObject, asObjects } from "./harness/json-value.ts";

const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const COMMAND_MS = 120_000;

alephNodeSuite("aleph cli", () => {
  let node: AlephNode;
  let vm: string;

  before(async () => {
    node = await AlephNode.on();
    await node.host.open();
  });
  after(async () => {
    await node.eraseAll();
    await node.host.close();
  });

  const story = storiesOf("aleph cli", () => node);

  interface End {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }

  function run(args: string, env: Readonly<Record<string, string>> = {}, stdin = ""): Promise<End> {
    const { promise, resolve } = Promise.withResolvers<End>();
    const own = { PATH: process.env["PATH"], HOME: node.host.dirs.scratch };
    const child = execFile(
      path.join(ROOT, "bin/alcove"),
      ["aleph", ...args.split(" ")],
      { env: { ...own, ALCOVE_ALEPH_URL: node.url, ...env }, timeout: COMMAND_MS },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
    child.stdin?.end(stdin);
    return promise;
  }

  const asAdmin = (args: string, stdin = "") => run(args, { ALCOVE_ALEPH_TOKEN: "test" }, stdin);

  async function said(end: Promise<End>): Promise<string> {
    const { code, stdout, stderr } = await end;
    assert.equal(code, 0, stderr);
    return stdout;
  }

  story("brings a message in and allocates it", async () => {
    const content = instanceContent(OWNER, node.addBaseImage());
    vm = (await said(asAdmin("import message -", JSON.stringify(content)))).trim();
    const missing = "ab".repeat(32);
    const allocated = await asAdmin(`allocate ${vm} ${missing} --yes`);
    assert.equal(allocated.code, 1);
    assert.match(allocated.stdout, new RegExp(`^${vm}: running\n${missing}: failed: `));
    assert.match(
      await said(run("list")),
      new RegExp(`^${vm.slice(0, 12)} +instance +running `, "m"),
    );
    assert.match(await said(run("records --wide")), new RegExp(`^${vm} `, "m"));
  });

  story("backs its disk up, fetches it and brings it back", async () => {
    const tar = path.join(node.host.dirs.scratch, "backup.tar");
    const id = (await said(asAdmin(`backup create ${vm}`))).trim();
    assert.ok(id.startsWith(`${vm}-`), id);
    assert.equal(await said(asAdmin(`backup fetch ${vm} ${tar}`)), `${tar}\n`);
    execFileSync("tar", ["xf", tar, "-C", node.host.dirs.scratch, "rootfs.qcow2"]);
    const disk = path.join(node.host.dirs.scratch, "rootfs.qcow2");
    assert.equal(await said(asAdmin(`backup restore ${vm} ${disk}`)), `${vm}: restored\n`);
    assert.equal(await said(asAdmin(`backup rm ${vm}`)), `${id} removed\n`);
    assert.equal((await asAdmin(`backup show ${vm}`)).code, 5);
  });

  story("lets its owner in, once signed in, and nobody else", async () => {
    const short = vm.slice(0, 8);
    assert.equal((await run(`reboot ${short}`)).code, 4);
    const files = Object.entries(WALLETS).map(([name, secret]) => {
      const file = path.join(node.host.dirs.scratch, `${name}.key`);
      writeFileSync(file, secret, { mode: 0o600 });
      return file;
    });
    const [alice = "", bob = ""] = files;
    await said(run(`sign-in --key-file ${bob}`));
    assert.match((await run(`stop ${short}`)).stderr, /Unauthorized sender/);
    assert.equal(await said(run(`sign-in --key-file ${alice}`)), `${OWNER}\n`);
    assert.match(await said(run(`ports ${short} --open 80`)), /^22 +\d+ +tcp\n80 +\d+ +tcp$/m);
    assert.equal(await said(run(`stop ${short}`)), `${vm}: Stopped VM\n`);
  });

  story("shows what it has written, also after its end", async () => {
    const past = await said(run(`logs ${vm}`));
    assert.ok(past.length > 0);
    const followed = await run(`logs ${vm} --follow`);
    assert.deepEqual([followed.code, followed.stdout], [0, past]);
    assert.match(followed.stderr, /past logs sent/);
    assert.equal((await asAdmin(`logs ${vm} -f`)).stdout, past);
    const list: unknown = JSON.parse(await said(run(`logs ${vm} --json`)));
    assert.equal(asObjects(list).length, past.split("\n").length - 1);
  });

  story("tells what the node is, and erases what is not wanted any more", async () => {
    assert.match(await said(run("usage")), /^memory +.* free of /m);
    assert.match(await said(run("capability")), /^CPUs +\d/m);
    const status = await run("status --json");
    assert.equal(
      asObject(asObject(JSON.parse(status.stdout))["config"])["DOMAIN_NAME"],
      "localhost",
    );
    assert.equal((await asAdmin(`allocate ${vm} --dry-run`)).stderr, `would start  ${vm}\n`);
    assert.equal(await said(run(`erase ${vm}`)), `${vm}: Erased VM\n`);
    assert.equal((await run(`logs ${vm}`)).code, 5);
  });
});
