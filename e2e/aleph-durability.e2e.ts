/** What nodes lose when a host loses its power, its disk is full, or another node has what they want: nothing. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";

import { AlephNode, alephNodeSuite, instanceContent, storiesOf } from "./harness/aleph-node.ts";
import { asObject, type JsonObject, textIn } from "./harness/json-value.ts";
import { Outside } from "./harness/outside.ts";
import { until } from "./harness/until.ts";

const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const FIRST_VM_ID = "4001";
const SMALL_MIB = 32;

alephNodeSuite("aleph durability", () => {
  let outside: Outside;
  let node: AlephNode;
  const vm = randomBytes(32).toString("hex");
  const other = randomBytes(32).toString("hex");

  before(async () => {
    outside = await Outside.open();
    node = await nodeHere();
  });
  after(async () => {
    await close(node);
    await outside.close();
  });

  async function nodeHere(): Promise<AlephNode> {
    const made = await AlephNode.on({
      ALEPH_VM_NETWORK_INTERFACE: outside.device,
      ALEPH_VM_START_ID_INDEX: FIRST_VM_ID,
    });
    await made.host.open();
    return made;
  }

  const story = storiesOf("aleph durability", () => node);

  /** A server for ssh answers at the port of the host that leads to the VM. @returns the port */
  async function isReached(at: AlephNode, hash: string): Promise<number> {
    const ports = asObject((await networkingOf(at, hash))["mapped_ports"]);
    const port = Number(asObject(ports["22"])["host"]);
    const probe = `require("node:net").connect(${port}, "${outside.hostThere}")
      .once("data", (it) => process.exit(String(it).startsWith("SSH-") ? 0 : 1))`;
    const answers = () => outside.run([process.execPath, "-e", probe]).exitCode === 0;
    await until(`a server for ssh answers at port ${port}`, answers);
    return port;
  }

  story(
    "when a host loses its power, the next daemon has its VM running, reached at its port",
    async () => {
      publish(node, vm, 256);
      const answer = await node.allocate([vm]);
      assert.equal(answer.status, 200, answer.text);
      const port = await isReached(node, vm);
      const former = await networkingOf(node, vm);
      await node.host.losePower();
      await node.host.start();
      await until("it runs", async () => (await node.listed(vm))?.["running"] === true);
      assert.equal(await isReached(node, vm), port);
      assert.deepEqual(await networkingOf(node, vm), former);
    },
  );

  story(
    "another node on the host, told to begin at the same place, goes to the next one",
    async () => {
      const second = await nodeHere();
      try {
        publish(second, other, 256);
        const answer = await second.allocate([other]);
        assert.equal(answer.status, 200, answer.text);
        const [one, two] = [await networkingOf(node, vm), await networkingOf(second, other)];
        assert.notEqual(textIn(one, "ipv4_network"), textIn(two, "ipv4_network"));
        await isReached(second, other);
        await isReached(node, vm);
      } finally {
        await close(second);
      }
      await isReached(node, vm);
    },
  );

  story(
    "on a full disk an instance is refused and leaves nothing; with room it is made",
    async () => {
      await node.eraseAll();
      await node.host.daemon.stop();
      const root = path.join(node.host.dirs.scratch, "small");
      mkdirSync(root);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", root]);
      try {
        await node.host.start({
          ALEPH_VM_EXECUTION_ROOT: root,
          ALEPH_VM_STORE_DIR: node.storeDir,
        });
        publish(node, other, SMALL_MIB);
        const refused = await node.allocate([other]);
        assert.equal(refused.status, 503, refused.text);
        const [failed] = node.host.daemon.events("aleph.allocation_failed");
        assert.match(JSON.stringify(failed), /No space left/);
        assert.deepEqual(readdirSync(path.join(root, "volumes/persistent")), []);
        assert.deepEqual(node.host.dirs.vmDirs(), []);
        execFileSync("mount", ["-o", "remount,size=1g", root]);
        const answer = await node.allocate([other]);
        assert.equal(answer.status, 200, answer.text);
        await isReached(node, other);
        await node.eraseAll();
        const left = readdirSync(path.join(root, "volumes"), { recursive: true, encoding: "utf8" });
        assert.deepEqual(new Set(left), new Set(["parents", "persistent"]));
        await node.host.daemon.stop();
      } finally {
        await node.host.daemon.kill();
        execFileSync("umount", [root]);
        await node.host.start();
      }
    },
  );
});

async function close(at: AlephNode): Promise<void> {
  await at.eraseAll();
  await at.host.close();
}

/** Puts what an instance is to be into a node's store. */
function publish(at: AlephNode, hash: string, sizeMiB: number): void {
  const messages = path.join(at.storeDir, "messages");
  mkdirSync(messages, { recursive: true });
  const key = path.join(at.host.dirs.scratch, `key-${hash.slice(0, 8)}`);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const parent = { ref: at.addBaseImage(), use_latest: false };
  const content = instanceContent(OWNER, parent.ref, {
    authorized_keys: [readFileSync(`${key}.pub`, "utf8").trim()],
    rootfs: { parent, persistence: "host", size_mib: sizeMiB },
    volumes: [{ mount: "/opt/data", name: "data", persistence: "host", size_mib: 8 }],
  });
  writeFileSync(path.join(messages, `${hash}.json`), JSON.stringify(content));
}

async function networkingOf(at: AlephNode, hash: string): Promise<JsonObject> {
  return asObject((await at.listed(hash))?.["networking"]);
}
