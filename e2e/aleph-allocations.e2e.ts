/** What a scheduler says is to run: real guests by allocation, reached at their ports from another host, over a killed daemon. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before } from "node:test";

import { AlephClient, alephClientSuite, WALLETS } from "./harness/aleph-client.ts";
import { AlephNode, instanceContent, storiesOf } from "./harness/aleph-node.ts";
import { asObject, asObjects } from "./harness/json-value.ts";
import { Outside } from "./harness/outside.ts";
import { until } from "./harness/until.ts";

const VOLUME_MIB = 64;
const MANY = 20;
const SMALL_DISK_MIB = 256;
const SSH_MS = 60_000;

alephClientSuite("aleph allocations", () => {
  let node: AlephNode;
  let outside: Outside;
  let alice: AlephClient;
  let parent: string;
  let keyFile: string;
  let owner: string;
  let vm: string;

  before(async () => {
    outside = await Outside.open();
    node = await AlephNode.on({
      ALEPH_VM_NETWORK_INTERFACE: outside.device,
      ALEPH_VM_VCPU_OVERCOMMIT_FACTOR: "32",
    });
    await node.host.open();
    alice = new AlephClient(node.url, WALLETS.alice);
    owner = String(await alice.ask("address"));
    parent = node.addBaseImage();
    keyFile = path.join(node.host.dirs.scratch, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile]);
  });
  after(async () => {
    await alice[Symbol.asyncDispose]();
    await node.eraseAll();
    await node.host.close();
    await outside.close();
  });

  const story = storiesOf("aleph allocations", () => node);

  const content = () =>
    instanceContent(owner, parent, {
      authorized_keys: [readFileSync(`${keyFile}.pub`, "utf8").trim()],
      volumes: [{ mount: "/opt/data", name: "data", persistence: "host", size_mib: VOLUME_MIB }],
    });

  /** the host's port that leads to the VM's ssh */
  async function sshPort(): Promise<number> {
    const listed = await node.listed(vm);
    const ports = asObject(asObject(listed?.["networking"])["mapped_ports"]);
    return Number(asObject(ports["22"])["host"]);
  }

  /** Runs a command in the guest, as its owner does from far away. */
  async function ssh(command: string): Promise<string> {
    const port = await sshPort();
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
    const args = ["-q", "-i", keyFile, "-p", String(port), "-o", "ConnectTimeout=10"];
    const words = ["ssh", ...args, ...options.flatMap((one) => ["-o", one])];
    const where = `root@${outside.hostThere}`;
    const answered = () => {
      const { stdout, exitCode } = outside.run([...words, where, command]);
      return exitCode === 0 && { stdout };
    };
    return (await until(`ssh answers at port ${port}`, answered, SSH_MS)).stdout;
  }

  story("starts what is wanted", async () => {
    vm = await node.publish(alice, content());
    const answer = await node.allocate([vm]);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, {
      success: true,
      successful: [vm],
      failing: [],
      stopped: [],
      errors: {},
    });
  });

  story("shows it in both lists and in the records", async () => {
    const v1 = asObject(asObject((await node.api.get("/about/executions/list")).json)[vm]);
    assert.equal(v1["vm_type"], "instance");
    const v2 = await node.listed(vm);
    assert.equal(v2?.["running"], true);
    const records = asObjects((await node.api.get("/about/executions/records")).json);
    assert.deepEqual(
      records.map((row) => [row["vm_hash"], row["persistent"], row["memory"]]),
      [[vm, true, 256]],
    );
  });

  story("is reached from another host at its port, by its owner's key", async () => {
    assert.equal(
      await ssh("hostname; findmnt -no TARGET /opt/data"),
      `${hostName(vm)}\n/opt/data\n`,
    );
    await ssh("echo kept > /opt/data/it; sync");
  });

  story("asking again changes nothing", async () => {
    const since = node.host.daemon.lines.length;
    const answer = await node.allocate([vm]);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(node.host.daemon.events("vm.phase", since), []);
  });

  story("lives on when the daemon is killed, with its port and its volume", async () => {
    const port = await sshPort();
    const since = await ssh("cat /proc/sys/kernel/random/boot_id");
    await node.host.daemon.kill();
    assert.equal(await reachable(port), true, "no daemon, and still there");
    await node.host.start();
    assert.equal(await sshPort(), port);
    assert.equal(await ssh("cat /proc/sys/kernel/random/boot_id /opt/data/it"), `${since}kept\n`);
  });

  async function reachable(port: number): Promise<boolean> {
    const probe = `require("node:net").connect(${port}, "${outside.hostThere}").once("data", () => process.exit(0))`;
    return outside.run([process.execPath, "-e", probe]).exitCode === 0;
  }

  story("opens the ports that its owner's aggregate names", async () => {
    const ports = { [vm]: { ports: { "8080": { tcp: true, udp: false } } } };
    const where = `/local/v0/aggregates/${owner}/port-forwarding`;
    const put = await node.asAdmin("PUT", where, { json: ports });
    assert.equal(put.status, 201, put.text);
    await until("the port is open", async () => {
      const listed = await node.listed(vm);
      const mapped = asObject(asObject(listed?.["networking"])["mapped_ports"]);
      return "8080" in mapped && "22" in mapped;
    });
  });

  story("says of twenty, one of which is nowhere, what became of each, and why", async () => {
    const others: string[] = [];
    while (others.length < MANY - 2) {
      // Room for whole disks is promised: twenty of 4 GiB are more than a small machine has.
      const rootfs = { parent: { ref: parent, use_latest: false }, persistence: "host" };
      const more = {
        resources: { vcpus: 1, memory: 128, seconds: 30 },
        rootfs: { ...rootfs, size_mib: SMALL_DISK_MIB },
        metadata: { number: others.length },
      };
      others.push(await node.publish(alice, instanceContent(owner, parent, more)));
    }
    const nowhere = randomBytes(32).toString("hex");
    const answer = await node.allocate([vm, ...others, nowhere]);
    assert.equal(answer.status, 207, answer.text);
    const report = asObject(answer.json);
    assert.deepEqual(sorted(report["successful"]), [vm, ...others].toSorted());
    assert.deepEqual(report["failing"], [nowhere]);
    assert.deepEqual(report["errors"], { [nowhere]: "Exception('Unhandled Error')" });
    assert.equal(node.host.dirs.runDirs().length, MANY - 1);

    const fewer = await node.allocate([vm]);
    assert.equal(fewer.status, 200, fewer.text);
    assert.deepEqual(sorted(asObject(fewer.json)["stopped"]), others.toSorted());
    assert.equal(node.host.dirs.runDirs().length, 1);
  });

  story("stops what is not wanted any more", async () => {
    const port = await sshPort();
    const answer = await node.allocate([]);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(asObject(answer.json)["stopped"], [vm]);
    assert.deepEqual(node.host.dirs.runDirs(), []);
    assert.equal(await reachable(port), false);
    const records = asObjects((await node.api.get("/about/executions/records")).json);
    assert.notEqual(records[0]?.["time_stopping"], null);
  });

  story("brings it back with what was on its volume, at the same port", async () => {
    const answer = await node.allocate([vm]);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(await ssh("cat /opt/data/it"), "kept\n");
  });
});

function sorted(hashes: unknown): readonly string[] {
  assert.ok(Array.isArray(hashes));
  return hashes.map(String).toSorted();
}

/** the label that a VM is called by: base32 of its hash */
function hostName(hash: string): string {
  const bits = Array.from(hash, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0"));
  const groups = bits.join("").match(/.{1,5}/g) ?? [];
  return groups
    .map((group) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(group.padEnd(5, "0"), 2)])
    .join("");
}
