/**
 * What an instance says and what it has: kept over the ends of machines and daemons, carried away and brought back.
 *
 * The administrator asks here; that others may not is said where doors are tested.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, openAsBlob, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { hostLabelOf, parseItemHash } from "../packages/daemon/src/core/aleph/item-hash.ts";
import { AlephNode, alephNodeSuite, instanceContent, storiesOf } from "./harness/aleph-node.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { until } from "./harness/until.ts";

const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

alephNodeSuite("aleph logs and backups", () => {
  const vm = randomBytes(32).toString("hex");
  let node: AlephNode;
  let scratch: string;
  let backup: string;

  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), "aleph-backups-"));
    node = await AlephNode.on();
    await node.host.open();
  });
  after(async () => {
    await node.eraseAll();
    await node.host.close();
    rmSync(scratch, { recursive: true });
  });

  /** one story after the other: each goes on where the last one ended */
  const story = storiesOf("aleph logs and backups", () => node);

  const machine = (operation: string) => `/control/machine/${vm}/${operation}`;
  const said = async (): Promise<readonly string[]> => {
    const answer = await node.asAdmin("GET", machine("logs"));
    assert.equal(answer.status, 200, answer.text);
    const lines: unknown = JSON.parse(answer.text);
    assert.ok(Array.isArray(lines));
    return lines.map((line) => {
      const { MESSAGE: text, file, __REALTIME_TIMESTAMP: at } = asObject(line);
      assert.match(String(at), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00:00$/);
      return `${String(file)} ${String(text)}`;
    });
  };
  /** Each kernel says little, and counts from 0. */
  const boots = async () => {
    const times = (await said()).flatMap((line) => {
      const seconds = /^stdout \[ *(\d+\.\d+)\]/.exec(line)?.[1];
      return seconds === undefined ? [] : [Number(seconds)];
    });
    return times.filter((time, index) => time <= (times[index - 1] ?? Infinity)).length;
  };
  const runs = async () => (await node.listed(vm))?.["running"] === true;

  story("an instance's console is its log", async () => {
    const messages = path.join(node.storeDir, "messages");
    mkdirSync(messages, { recursive: true });
    const content = instanceContent(OWNER, node.addBaseImage());
    writeFileSync(path.join(messages, `${vm}.json`), JSON.stringify(content));
    const started = await node.asAdmin("POST", "/control/allocation/notify", {
      json: { instance: vm },
    });
    assert.equal(started.status, 200, started.text);
    await until("it has booted", async () => (await boots()) === 1);
  });

  story("the next daemon goes on with it, and says nothing twice", async () => {
    const earlier = await said();
    await node.host.daemon.kill();
    await node.host.start();
    await until("the node is there again", runs);
    const later = await said();
    assert.deepEqual(later.slice(0, earlier.length), earlier);
    assert.equal(await boots(), 1);
  });

  story("a backup has the guest's file system whole, and the guest goes on", async () => {
    // Before that it has no name of its own, nor an agent that could keep its file system still.
    const isReady = () => node.host.daemon.events("guest.ready").length > 0;
    await until("the guest is ready", isReady);
    const begun = await node.asAdmin("POST", machine("backup"));
    assert.equal(begun.status, 202, begun.text);
    const answer = async () => await node.asAdmin("GET", machine("backup"));
    await until("the backup is made", async () => (await answer()).status !== 202);
    const { status, text } = await answer();
    assert.equal(status, 200, text);
    const described = asObject(JSON.parse(text));
    const link = new URL(textIn(described, "download_url"));
    const tar = await fetch(`${node.url}${link.pathname}${link.search}`);
    assert.equal(tar.status, 200);
    const bytes = Buffer.from(await tar.arrayBuffer());
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    assert.equal(`sha256:${sha256}`, described["checksum"]);
    const file = path.join(scratch, "backup.tar");
    writeFileSync(file, bytes);
    execFileSync("tar", ["-xf", file, "-C", scratch]);
    backup = path.join(scratch, "rootfs.qcow2");
    assert.equal(fileIn(backup, "/etc/hostname").trim(), labelOf(vm));
    assert.ok(await runs());
    assert.deepEqual(node.host.daemon.events("aleph.backup_not_frozen"), []);
  });

  story("somebody else's link leads nowhere", async () => {
    const other = await fetch(
      `${node.url}${machine("backup/x-1")}?signature=00&expires=9999999999`,
    );
    assert.equal(other.status, 403);
  });

  story("it is brought back as it was, and the old disk is kept", async () => {
    const form = new FormData();
    form.append("rootfs", await openAsBlob(backup), "rootfs.qcow2");
    const answer = await fetch(`${node.url}${machine("restore")}`, {
      method: "POST",
      body: form,
      headers: { "X-Auth-Signature": "test" },
    });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    assert.deepEqual(JSON.parse(text), { status: "restored", vm_hash: vm });
    await until("it has booted again", async () => (await boots()) === 2);
    await until("it runs", runs);
    const disks = path.join(node.host.dirs.state, "aleph/volumes/persistent", vm);
    assert.ok(readdirSync(disks).some((name) => name.startsWith("rootfs.pre-restore-")));
  });

  story("what is no disk is refused, and the instance goes on", async () => {
    const form = new FormData();
    form.append("rootfs", new Blob(["no disk"]), "rootfs.qcow2");
    const answer = await fetch(`${node.url}${machine("restore")}`, {
      method: "POST",
      body: form,
      headers: { "X-Auth-Signature": "test" },
    });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /Uploaded file is not a valid QCOW2 disk image/);
    assert.ok(await runs());
  });

  story("its log is there when it has stopped, and gone when it is erased", async () => {
    const stopped = await node.asAdmin("POST", machine("stop"));
    assert.equal(stopped.status, 200, stopped.text);
    assert.equal(await boots(), 2);
    const erased = await node.asAdmin("POST", machine("erase"));
    assert.equal(erased.status, 200, erased.text);
    const root = path.join(node.host.dirs.state, "aleph");
    await until("nothing is kept of it", async () =>
      ["logs", "backups", "volumes/persistent"].every(
        (name) => readdirSync(path.join(root, name)).length === 0,
      ),
    );
  });

  /** A file of the file system on a disk, which must be sound. */
  function fileIn(disk: string, name: string): string {
    const raw = path.join(scratch, "disk.raw");
    execFileSync("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", disk, raw]);
    execFileSync("e2fsck", ["-f", "-n", raw], { stdio: "ignore" });
    execFileSync("debugfs", ["-R", `dump ${name} ${path.join(scratch, "file")}`, raw], {
      stdio: "ignore",
    });
    rmSync(raw);
    return readFileSync(path.join(scratch, "file"), "utf8");
  }
});

function labelOf(vm: string): string {
  const hash = parseItemHash(vm);
  assert.ok(hash);
  return hostLabelOf(hash);
}
