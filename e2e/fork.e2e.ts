/** Live forks of real guests: what children share with their source, what is their own, and what outlives what. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { sh } from "./harness/exec.ts";
import { forkVm } from "./harness/forks.ts";
import { asObject, textIn } from "./harness/json-value.ts";
import { assertSound, layersOf } from "./harness/sound-disks.ts";
import { GROUP, suite, type TestHost } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const MIB = 1024 * 1024;
const CLOCK_TOLERANCE_MS = 200;

/** how often a daemon is killed in the middle of a fork, and how long one takes at most until its children run, in `ms` */
const KILLS = 10;
const FORK_TAKES_MS = 1_500;

/** Networks of their own for each run of this file. */
const place = 20 + (process.pid % 200);

const directory = mkdtempSync(path.join(tmpdir(), "alcove-fork-"));
const file = path.join(directory, "alcove.yaml");
const SETTINGS = { ALCOVE_CONFIG: file, ALCOVE_GROUP_VCPUS: "", ALCOVE_GROUP_MEMORY_MIB: "" };

const asRoot = process.getuid?.() === 0;

before(() => {
  const bridge = `{ mode: bridge, gateway: 10.${place}.108.1/24, range: 10.${place}.108.10-10.${place}.108.30 }`;
  const isolated = `{ mode: isolated, range: 10.${place}.112.0/22 }`;
  const networks = { sbox: "", ...(asRoot ? { bri: bridge, iso: isolated } : {}) };
  const groups = Object.entries(networks).map(([name, network]) => {
    const chosen = network === "" ? "" : `, network: ${network}`;
    return `    - { name: ${name}, count: 0, vcpu: 1, ram_mb: 256${chosen} }\n`;
  });
  const api = "  api: { auth: { enabled: true } }\n";
  writeFileSync(file, `config:\n${api}  host_groups:\n${groups.join("")}`);
});
after(() => rmSync(directory, { recursive: true }));

/** A file in memory, one on the disk that was not synced, and host keys as of a guest with sshd. */
const FILL = `
  mkdir -p /run/kept /etc/ssh && mount -t tmpfs none /run/kept
  head -c ${4 * MIB} /dev/urandom > /run/kept/memory
  head -c ${4 * MIB} /dev/urandom > /root/disk
  echo old > /etc/ssh/ssh_host_ed25519_key.pub
`;
const HASHES = "sha256sum /run/kept/memory /root/disk; cat /proc/sys/kernel/random/boot_id";

/** What must not be the same in two guests; the last line is the guest's clock. */
const IDENTITY = `
  head -c 32 /dev/urandom | sha256sum
  cat /etc/machine-id
  hostname
  cat /etc/ssh/ssh_host_ed25519_key.pub
  cat /sys/class/net/eth0/address
  ip -4 -o addr show dev eth0 | sed 's/.*inet //; s/ .*//'
  date +%s%3N
`;

interface Identity {
  /** all but those of the network */
  readonly own: readonly string[];
  readonly mac: string;
  readonly address: string;
}

async function identityOf(host: TestHost, vm: string): Promise<Identity> {
  const begun = Date.now();
  const lines = (await sh(host.api, vm, IDENTITY)).split("\n");
  const clock = Number(lines.at(-1));
  assert.ok(clock > begun - CLOCK_TOLERANCE_MS, `${vm} lives ${begun - clock} ms ago`);
  assert.ok(clock < Date.now() + CLOCK_TOLERANCE_MS, `${vm} lives ${clock - Date.now()} ms ahead`);
  assert.equal(lines.length, 7, lines.join("\n"));
  return { own: lines.slice(0, 4), mac: lines[4] ?? "", address: lines[5] ?? "" };
}

function allDiffer(what: string, values: readonly string[]): void {
  assert.equal(new Set(values).size, values.length, `${what}: ${values.join(", ")}`);
}

const ipOf = async (host: TestHost, vm: string) => textIn(asObject(await host.node(vm)), "ip");

async function created(host: TestHost, group: string, body: object = {}): Promise<string> {
  const query = { wait: "agent", timeout: "2m0s" };
  const made = await host.api.post(`/hostgroup/${group}/nodes`, { query, json: body });
  assert.equal(made.status, 201, made.text);
  return textIn(made.json, "hostname");
}

async function remove(host: TestHost, vms: readonly string[]): Promise<void> {
  for (const vm of vms) {
    const group = vm.replace(/-\d+$/, "");
    const { status, text } = await host.api.delete(`/hostgroup/${group}/nodes/${vm}`);
    assert.equal(status, 200, text);
  }
}

/** names in the directories of all VMs that are no disk and no console */
function strayFiles(host: TestHost): readonly string[] {
  return host.dirs.vmDirs().flatMap((id) => {
    const names = readdirSync(path.join(host.dirs.state, "vms", id));
    return names.filter((name) => !/^(disk(-[0-9a-f]{16})?\.qcow2|console\.log)$/.test(name));
  });
}

/** how many children each source has */
const CHILDREN = { sbox: 4, bri: 2, iso: 2 } as const;

suite("fork", SETTINGS, (host, story) => {
  for (const group of ["sbox", ...(asRoot ? (["bri", "iso"] as const) : [])] as const) {
    story(
      `children of a VM of group ${group} have its data, and nothing of its identity`,
      async () => {
        const source = await created(host, group);
        await sh(host.api, source, FILL);
        const hashes = await sh(host.api, source, HASHES);
        const count = CHILDREN[group];

        const { children, hostnames, pauseMs } = await forkVm(host.api, source, { count });

        assert.equal(children.length, count);
        assert.ok(pauseMs > 0 && pauseMs < 5_000, `${source} stood still for ${pauseMs} ms`);
        const all = [source, ...hostnames];
        const identities = await Promise.all(all.map((vm) => identityOf(host, vm)));
        for (const [index, vm] of all.entries()) {
          assert.equal(await sh(host.api, vm, HASHES), hashes);
          assert.equal(identities[index]?.own[2], vm);
          const child = children[index - 1];
          if (!child) continue;
          const receipt = asObject(child["receipt"]);
          const { own, mac, address } = identities[index] ?? { own: [], mac: "", address: "" };
          assert.deepEqual(
            [receipt["hostname"], receipt["machine_id"], receipt["mac"]],
            [vm, own[1], mac],
          );
          assert.deepEqual([receipt["rng"], receipt["ssh_host_keys"]], ["reseeded", "renewed"]);
          assert.equal(receipt["ip"], address.replace(/\/.*/, ""));
        }
        for (const at of [0, 1, 2, 3])
          allDiffer(
            "identity",
            identities.map(({ own }) => own[at] ?? ""),
          );
        const ips = await Promise.all(all.map((vm) => ipOf(host, vm)));
        allDiffer("addresses outside", ips);
        if (group === "iso") {
          // Inside it all are alike, on purpose; how they look from outside is the host's.
          assert.equal(new Set(identities.map(({ address }) => address)).size, 1);
        } else {
          allDiffer(
            "MAC",
            identities.map(({ mac }) => mac),
          );
          allDiffer(
            "addresses inside",
            identities.map(({ address }) => address),
          );
        }

        // From now on each writes for itself, to memory and to disk.
        for (const vm of all)
          await sh(host.api, vm, "echo $(hostname) | tee /run/kept/mine > /root/mine");
        await Promise.all(all.map((vm) => sh(host.api, vm, "sync")));
        for (const vm of all) {
          const mine = await sh(host.api, vm, "cat /run/kept/mine /root/mine");
          assert.equal(mine, `${vm}\n${vm}`);
          assert.equal(
            await sh(host.api, vm, "dmesg | grep -ciE 'ext4.*error|I/O error' || true"),
            "0",
          );
        }
        assert.deepEqual(strayFiles(host), []);
        await remove(host, all);
      },
    );
  }

  story(
    "a paused VM is forked as it is, and can be forked, suspended and restored afterwards",
    async () => {
      const source = await created(host, "sbox");
      await sh(host.api, source, FILL);
      const hashes = await sh(host.api, source, HASHES);
      assert.equal((await host.api.post(`/vm/${source}/pause`)).status, 200);
      const { hostnames } = await forkVm(host.api, source);
      const again = await forkVm(host.api, source);
      assert.equal(textIn(asObject(await host.node(source)), "status"), "Paused");
      assert.equal((await host.api.post(`/vm/${source}/suspend`)).status, 200);
      const query = { wait: "agent", timeout: "60s" };
      assert.equal((await host.api.post(`/vm/${source}/restore`, { query })).status, 200);
      const all = [source, ...hostnames, ...again.hostnames];
      for (const vm of all) assert.equal(await sh(host.api, vm, HASHES), hashes);
      await remove(host, all);
    },
  );

  story(
    "a daemon killed at any moment of a fork costs neither the source nor its disk anything",
    async () => {
      const source = await created(host, "sbox", { persistent: true });
      await sh(host.api, source, FILL);
      const hashes = await sh(host.api, source, HASHES);
      const usable = () =>
        until(`${source} can be used`, async () => {
          return (await host.api.get(`/vm/${source}/health`)).status === 200;
        });
      for (let kill = 0; kill < KILLS; kill += 1) {
        const dying = host.api.post(`/v1/vms/${source}/fork`, { json: { count: 2 } });
        const asked = dying.catch(() => undefined); // it is cut off, or was faster
        await delay((kill * FORK_TAKES_MS) / KILLS);
        await host.daemon.kill();
        await asked;
        await host.start();
        await usable();
        assert.equal(textIn(asObject(await host.node(source)), "status"), "Running");
        assert.equal(await sh(host.api, source, HASHES), hashes);
        await sh(host.api, source, `echo ${kill} >> /root/kills; sync`);
        const children = (await host.hostnames()).filter((vm) => vm !== source);
        for (const child of children)
          await host.untilStatus(child, "Running").catch(() => undefined);
        await remove(host, children);
        assert.deepEqual(strayFiles(host), []);
      }
      const kills = [...Array(KILLS).keys()].join("\n");
      assert.equal(await sh(host.api, source, "cat /root/kills"), kills);
      await host.api.post(`/vm/${source}/shutdown`);
      await host.untilStatus(source, "Stopped");
      await assertSound(host.dirs);
      await remove(host, [source]);
      assert.deepEqual(layersOf(host.dirs), []);
    },
  );
});

/** the first VM of a host that comes from a template; those before it are gone */
async function fromTemplate(host: TestHost): Promise<string> {
  const vm = await created(host, GROUP);
  const { json } = await host.api.get(`/v1/vms/${vm}`);
  if (asObject(asObject(json)["origin"])["how"] === "template") return vm;
  await remove(host, [vm]);
  await delay(500);
  return await fromTemplate(host);
}

suite("fork of what came from a template", { ALCOVE_TEMPLATES: "on" }, (host, story) => {
  story("its children, and theirs, have its data and are somebody of their own", async () => {
    const source = await fromTemplate(host);
    await sh(host.api, source, FILL);
    const hashes = await sh(host.api, source, HASHES);
    const { hostnames } = await forkVm(host.api, source, { count: 2 });
    const [child = ""] = hostnames;
    const grandchildren = await forkVm(host.api, child, { count: 2 });
    const all = [source, ...hostnames, ...grandchildren.hostnames];
    const identities = await Promise.all(all.map((vm) => identityOf(host, vm)));
    for (const at of [0, 1, 2, 3]) {
      allDiffer(
        "identity",
        identities.map(({ own }) => own[at] ?? ""),
      );
    }
    for (const vm of all) assert.equal(await sh(host.api, vm, HASHES), hashes);
    await remove(host, all);
  });
});
