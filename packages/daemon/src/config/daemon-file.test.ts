import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";

import type { HostGroup } from "#core/group/host-group.ts";
import { GIB } from "#lib/bytes.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { type DaemonFile, readDaemonFile, type ReadFile } from "./daemon-file.ts";

/** What the file tells, with its name left out: `3: …`. */
interface Told {
  readonly settings: DaemonFile | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

async function read(text: string, others: Readonly<Record<string, string>> = {}): Promise<Told> {
  await using dir = await tempDir();
  const file = `${dir.path}/slicer.yaml`;
  await writeFile(file, text);
  for (const [name, content] of Object.entries(others)) {
    await writeFile(`${dir.path}/${name}`, content);
  }
  const { settings, problems, warnings }: ReadFile = readDaemonFile(file, "/home/me");
  const short = (told: string) => told.replace(`${file}:`, "").replaceAll(dir.path, "DIR");
  return { settings, problems: problems.map(short), warnings: warnings.map(short) };
}

/** lines from 1: config, host_groups, then the group's own from line 3 on */
async function group(...lines: readonly string[]): Promise<Told> {
  return read(inGroup(lines));
}

function inGroup(lines: readonly string[]): string {
  const [first = "", ...more] = lines;
  return ["config:", "  host_groups:", `  - ${first}`, ...more.map((line) => `    ${line}`)].join(
    "\n",
  );
}

async function groupOf(...lines: readonly string[]): Promise<HostGroup> {
  const { settings, problems } = await group("name: vm", ...lines);
  assert.deepEqual(problems, []);
  const [first] = settings?.groups ?? [];
  assert.ok(first);
  return first;
}

test("file: the least that is one gives Slicer's defaults", async () => {
  const { settings, problems, warnings } = await group("name: vm");
  assert.deepEqual([problems, warnings], [[], []]);
  assert.deepEqual(settings?.groups, [
    {
      name: "vm",
      count: 1,
      vcpus: 2,
      memoryMiB: 4096,
      image: "base",
      diskBytes: undefined,
      network: { mode: "user" },
      dns: [],
      sshKeys: [],
      userdata: undefined,
      warmPool: { size: 0, refillPerSecond: 2, memoryBytes: 1024 ** 3 },
    },
  ]);
  const { api, gracefulShutdown, guestReboot, githubUser } = settings;
  assert.deepEqual(
    { api, gracefulShutdown, guestReboot, githubUser },
    {
      api: {
        enabled: true,
        tcp: { address: "127.0.0.1", port: 8080 },
        socketPath: undefined,
        auth: undefined,
      },
      gracefulShutdown: true,
      guestReboot: "ends",
      githubUser: undefined,
    },
  );
});

test("file: one with every key that Alcove serves says nothing", async () => {
  const { settings, problems, warnings } = await read(
    `config:
  image: base
  hypervisor: qemu
  graceful_shutdown: false
  insecure_registry: false
  pci: {}
  ssh:
    port: 0
  ssh_keys:
    - ssh-ed25519 AAAA1 me
    - |
      # mine
      ssh-ed25519 AAAA2 me
      ssh-ed25519 AAAA3 me
  api:
    bind_address: "127.0.0.1:"
    port: 9090
    enabled: true
    auth: { enabled: yes }
  host_groups:
    - name: web
      count: 2
      vcpu: 1
      ram_mb: 512
      storage: image
      storage_size: 10G
      persistent: true
      userdata: echo hello
      dns_servers: [9.9.9.9]
      gpu_count: 0
      ca: { generate: false, files: [] }
      network:
        mode: bridge
        bridge: br-web
        tap_prefix: web
        gateway: 10.20.0.1/24
        range: 10.20.0.10-10.20.0.12
    - name: box
      count: 0
      ram_bytes: 268435456
      image: other
      userdata_file: ./first.sh
      network:
        mode: isolated
        range: 169.254.100.0/22
        drop: [10.0.0.0/8, "192.168.0.0/16"]
        allow: ["10.1.2.3:443", "fd00::/8"]
`,
    { "first.sh": "echo from a file" },
  );
  assert.deepEqual([problems, warnings], [[], []]);
  const [web, box] = settings?.groups ?? [];
  assert.deepEqual(web?.network, {
    mode: "bridge",
    bridge: "br-web",
    tapPrefix: "web",
    gateway: "10.20.0.1/24",
    addresses: ["10.20.0.10", "10.20.0.11", "10.20.0.12"],
  });
  assert.deepEqual([web.count, web.vcpus, web.memoryMiB, web.diskBytes], [2, 1, 512, 10 * GIB]);
  assert.deepEqual([web.userdata, web.dns], ["echo hello", ["9.9.9.9"]]);
  const keys = ["ssh-ed25519 AAAA1 me", "ssh-ed25519 AAAA2 me", "ssh-ed25519 AAAA3 me"];
  assert.deepEqual([web.sshKeys, box?.sshKeys], [keys, keys]);
  assert.deepEqual(box?.network, {
    mode: "isolated",
    range: "169.254.100.0/22",
    drop: ["10.0.0.0/8", "192.168.0.0/16"],
    allow: ["10.1.2.3:443", "fd00::/8"],
  });
  assert.deepEqual([box.memoryMiB, box.image, box.userdata], [256, "other", "echo from a file"]);
  assert.deepEqual([settings?.gracefulShutdown, settings?.guestReboot], [false, "restarts"]);
  assert.deepEqual(settings?.api, {
    enabled: true,
    tcp: { address: "127.0.0.1", port: 9090 },
    socketPath: undefined,
    auth: "on",
  });
});

test("file: everything wrong is told at once, by line", async () => {
  const { problems } = await read(
    `config:
  hypervisr: qemu
  host_groups:
    - name: vm
      vcpu: many
      storage_sise: 10G
  api:
    prot: 8080
extra: 1
`,
  );
  assert.deepEqual(problems, [
    "2: config.hypervisr is no key of the configuration; did you mean hypervisor?",
    '5: config.host_groups[0].vcpu is "many"; it must be a whole number from 1 to 64',
    "6: config.host_groups[0].storage_sise is no key of the configuration; did you mean storage_size?",
    "8: config.api.prot is no key of the configuration; did you mean port?",
    "9: extra is no key of the configuration",
  ]);
});

/** Lines of a group behind its name (on line 3), and what is said of them. */
const REFUSED: readonly (readonly [lines: readonly string[], line: number, problem: RegExp])[] = [
  [["count: -1"], 4, /count is "-1"; it must be a whole number from 0/],
  [["count: 1.5"], 4, /count is "1.5"/],
  [["count: '2'"], 4, /count is "2"/],
  [["vcpu: [1]"], 4, /vcpu must be a whole number/],
  [["vcpu: 0"], 4, /vcpu is "0"/],
  [["ram_gb: 1", "ram_mb: 512"], 5, /ram_mb and ram_gb exclude each other/],
  [["ram_mb: 63"], 4, /ram_mb is "63"; it must be a whole number from 64/],
  [["ram_bytes: 1024"], 4, /ram_bytes is "1024"/],
  [["storage: image"], 4, /storage is image, which needs a storage_size/],
  [["storage: devmapper", "storage_size: 10G"], 5, /storage_size is not for storage: devmapper/],
  [["storage: zfs"], 4, /storage is zfs: .*use image/],
  [["storage: disk"], 4, /storage is "disk"; it may be image, devmapper or zfs/],
  [["storage_size: ten"], 4, /storage_size is "ten"; it must be a size/],
  [["storage_size: 10"], 4, /storage_size is "10"/],
  [["storage_size: 1M"], 4, /storage_size is "1M"; it must be a size from 256 MiB/],
  [["userdata: a", "userdata_file: b"], 5, /userdata_file and userdata exclude each other/],
  [["userdata_file: gone.sh"], 4, /userdata_file cannot be read: .*gone.sh/],
  [[`userdata: ${"x".repeat(40_000)}`], 4, /userdata is longer than 32 KiB/],
  [["dns_servers: 8.8.8.8"], 4, /dns_servers must be a list/],
  [["dns_servers: [dns.example]"], 4, /dns_servers holds "dns.example", which is no address/],
  [["gpu_count: 1"], 4, /gpu_count asks for GPUs/],
  [["image: ghcr.io/openfaasltd/slicer-systemd:6.1"], 4, /names an image in a registry/],
  [["image: Base Image"], 4, /image is "Base Image", which is no image's name: leave the key out/],
  [["ca: { generate: true }"], 4, /ca makes guests trust/],
  [["ca: { files: [/etc/ca.pem] }"], 4, /ca makes guests trust/],
  [["share_home: /Users/me"], 4, /share_home shares a directory/],
  [["persistent: maybe"], 4, /persistent is "maybe"; it must be true or false/],
  [["network: bridge"], 4, /network must be a mapping/],
  [["network: { mode: macvtap }"], 4, /network.mode is macvtap, which Alcove has not/],
  [["network: { mode: nat }"], 4, /network.mode is nat/],
  [["network: { mode: brigde }"], 4, /did you mean bridge/],
  [["network: { parent: eth0 }"], 4, /network.parent means nothing in mode bridge/],
  [["network: { drop: [10.0.0.0/8] }"], 4, /network.drop means nothing in mode bridge/],
  [["network: { mode: isolated, gateway: 10.0.0.1/24 }"], 4, /gateway means nothing in mode isol/],
  [["network: { mode: none, allow: [] , drop: [1.1.1.1] }"], 4, /drop means nothing in mode none/],
  [["network: { bridge: far-too-long-a-name }"], 4, /network.bridge must be 1 to 15/],
  [["network: { tap_prefix: fifteen-letters }"], 4, /network.tap_prefix must be 1 to 14/],
  [["network: { gateway: 10.0.0.1 }"], 4, /network.gateway is "10.0.0.1"; it must be the host's/],
  [["network: { gateway: 10.0.0.0/24 }"], 4, /which is no host's address/],
  [["network: { gateway: 10.0.0.1/31 }"], 4, /network.gateway is "10.0.0.1\/31"/],
  [["network: { addresses: [10.0.0.2] }"], 4, /10.0.0.2, which no guest can have in 192.168.137.0/],
  [
    ["network: { gateway: 10.0.0.1/24, addresses: [10.0.1.2/24] }"],
    4,
    /holds 10.0.1.2, which no guest/,
  ],
  [["network: { gateway: 10.0.0.1/24, addresses: [10.0.0.255] }"], 4, /holds 10.0.0.255/],
  [["network: { gateway: 10.0.0.1/24, addresses: [10.0.0.1] }"], 4, /the gateway's own address/],
  [["network: { gateway: 10.0.0.1/24, addresses: [10.0.0.2, 10.0.0.2] }"], 4, /an address twice/],
  [["network: { gateway: 10.0.0.1/24, addresses: [vm] }"], 4, /holds "vm", which is no IPv4/],
  [["network: { gateway: 10.0.0.1/24, range: 10.0.0.9-10.0.0.2 }"], 4, /the lower one first/],
  [["network: { gateway: 10.0.0.1/8, range: 10.0.0.2-10.9.0.2 }"], 4, /at most 4096/],
  [
    ["network: { gateway: 10.0.0.1/24, range: 10.0.0.2-10.0.0.3, addresses: [10.0.0.9] }"],
    4,
    /give one/,
  ],
  [["network: { mode: isolated, range: 10.0.0.1-10.0.0.9 }"], 4, /it must be a network of at most/],
  [["network: { mode: isolated, range: 169.254.1.0/22 }"], 4, /it must be a network of at most/],
  [
    ["network: { mode: isolated, drop: [example.com] }"],
    4,
    /drop holds what it cannot: "example.com" is no address/,
  ],
  [
    ["network: { mode: isolated, allow: ['1.2.3.4:0'] }"],
    4,
    /allow holds what it cannot: "1.2.3.4:0"/,
  ],
];

for (const [lines, line, problem] of REFUSED) {
  test(`file: a group with ${lines.join(", ").slice(0, 100)} is refused`, async () => {
    const { problems } = await group("name: vm", ...lines);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
    assert.ok(problems[0]?.startsWith(`${line}: config.host_groups[0].`), problems[0]);
  });
}

/** Lines below `config:` (on line 1), a good group on line 2, and what is said of them. */
const REFUSED_AT_TOP: readonly (readonly [line: string, problem: RegExp])[] = [
  ["kernel_image: ghcr.io/openfaasltd/kernel:6.1", /kernel_image names a kernel in a registry/],
  ["kernel_file: ./vmlinux", /kernel_file names a kernel/],
  ['pci: { vm-1: ["0000:01:00.0"] }', /pci passes devices through/],
  ["hypervisor: apple", /hypervisor is apple/],
  [
    "hypervisor: xen",
    /hypervisor is "xen"; it may be firecracker, cloud-hypervisor, qemu or apple/,
  ],
  ["image: docker.io/library/debian:13", /image names an image in a registry/],
  ["ssh_keys: ssh-ed25519 AAAA", /ssh_keys must be a list/],
  ["ssh_keys: [[a]]", /ssh_keys must be a list of texts/],
  ["graceful_shutdown: 1", /graceful_shutdown is "1"; it must be true or false/],
  ["api: { port: 70000 }", /api.port is "70000"/],
  ["api: { bind_address: example }", /api.bind_address is "example"; it must be an address/],
  ["api: { bind_address: ./a.sock, socket: ./b.sock }", /both name a socket/],
  [`api: { socket: /${"x".repeat(120)}.sock }`, /api.socket is too long/],
  ["api: { auth: { enable: true } }", /api.auth.enable is no key .*did you mean enabled/],
];

for (const [line, problem] of REFUSED_AT_TOP) {
  test(`file: ${line.slice(0, 60)} is refused`, async () => {
    const { problems } = await read(`config:\n  host_groups: [{ name: vm }]\n  ${line}\n`);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
    assert.ok(problems[0]?.startsWith("3: config."), problems[0]);
  });
}

/** What is done otherwise, without harm: the daemon starts and says so. */
const WARNED: readonly (readonly [line: string, warning: RegExp])[] = [
  [
    "hypervisor: firecracker",
    /hypervisor is firecracker: .*QEMU; as there, a guest that reboots ends/,
  ],
  ["hypervisor: cloud-hypervisor", /hypervisor is cloud-hypervisor: Alcove boots VMs with QEMU$/],
  ["insecure_registry: true", /insecure_registry does nothing/],
  ["network_name: slicer", /network_name names a CNI network/],
  ["ssh: { port: 2222, bind_address: 0.0.0.0 }", /ssh.port opens nothing/],
  ["api: { bind_address: ./api.sock, port: 8080 }", /api.port does nothing/],
];

for (const [line, warning] of WARNED) {
  test(`file: ${line} is a warning`, async () => {
    const { problems, warnings } = await read(
      `config:\n  host_groups: [{ name: vm }]\n  ${line}\n`,
    );
    assert.deepEqual(problems, []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", warning);
    assert.ok(warnings[0]?.startsWith("3: config."), warnings[0]);
  });
}

for (const line of ["storage: devmapper", "rosetta: true", "sleep_action: suspend"]) {
  test(`file: a group with ${line} is served, with a warning`, async () => {
    const { problems, warnings } = await group("name: vm", line);
    assert.deepEqual([problems.length, warnings.length], [0, 1]);
    assert.ok(warnings[0]?.startsWith("4: config.host_groups[0]."));
  });
}

/** Names of two groups, and what is said of the second, on line 3. */
for (const [first, second, problem] of [
  ["vm", "vm", /name is "vm" again: groups need names of their own \(line 2\)/],
  ["vm", "vm-2", /also a host name/],
  ["vm-2", "vm", /also a host name/],
  ["vm", "vm-x", undefined],
  ["vm-2", "vm-3", undefined],
] as const) {
  test(`file: groups ${first} and ${second} ${problem ? "collide" : "go together"}`, async () => {
    const { problems } = await read(
      `config: { host_groups: [\n  { name: ${first} },\n  { name: ${second} }] }\n`,
    );
    assert.equal(problems.length, problem ? 1 : 0, problems.join("\n"));
    if (problem) assert.match(problems[0] ?? "", new RegExp(`^3: .*${problem.source}`));
  });
}

/** two groups, on lines 2 and 3, connected so */
function connected(a: string, b: string): Promise<Told> {
  const groups = `  { name: a, network: ${a} },\n  { name: b, network: ${b} }`;
  return read(`config: { host_groups: [\n${groups}] }\n`);
}

test("file: two bridges whose networks overlap are refused, one bridge of two groups is not", async () => {
  const apart = await connected("{ gateway: 10.1.0.1/16 }", "{ gateway: 10.1.2.1/24 }");
  assert.match(apart.problems.join(), /network is 10.1.2.0\/24, which overlaps that of group "a"/);
  const shared = "{ bridge: br0, gateway: 10.1.0.1/16 }";
  assert.deepEqual((await connected(shared, shared)).problems, []);
  assert.equal((await connected("{ mode: bridge }", "{ mode: bridge }")).problems.length, 1);
});

async function apiOf(block: string): Promise<DaemonFile["api"] | undefined> {
  const file = `config: { host_groups: [{ name: vm }], api: ${block} }\n`;
  const { settings, problems } = await read(file);
  assert.deepEqual(problems, []);
  return settings?.api;
}

test("file: sockets and files are seen from where the file is, ~ from home", async () => {
  const near = await apiOf("{ bind_address: ./api.sock }");
  assert.match(near?.socketPath ?? "", /^\/.+\/api\.sock$/);
  assert.equal(near?.tcp, undefined);
  assert.equal((await apiOf("{ socket: ~/api.sock }"))?.socketPath, "/home/me/api.sock");
  const both = await apiOf("{ socket: /run/api.sock, port: 9000 }");
  assert.deepEqual(both?.tcp, { address: "127.0.0.1", port: 9000 });
});

test("file: an auth block that says no more wants the token", async () => {
  assert.equal((await apiOf("{ port: 1 }"))?.auth, undefined);
  assert.equal((await apiOf("{ auth: {} }"))?.auth, "on");
  assert.equal((await apiOf("{ auth: { enabled: off } }"))?.auth, "off");
});

test("file: the address book of a bridge takes addresses with and without a prefix", async () => {
  const { network } = await groupOf(
    "network: { gateway: 10.0.0.1/24, addresses: [10.0.0.2/24, 10.0.0.3] }",
  );
  assert.ok(network.mode === "bridge");
  assert.deepEqual(network.addresses, ["10.0.0.2", "10.0.0.3"]);
});

for (const [what, text, problem] of [
  ["empty", "", /^1: the file must be a mapping of keys$/],
  ["without config", "host_groups: []\n", /config is missing/],
  ["without groups", "config:\n  image: base\n", /^2: config.host_groups is missing or empty$/],
  [
    "with a group that is a text",
    "config:\n  host_groups: [vm]\n",
    /host_groups\[0\] must be a mapping/,
  ],
  ["no YAML", "config: [\n", /^\d+: /],
] as const) {
  test(`file: one that is ${what} is refused`, async () => {
    const { problems } = await read(text);
    assert.match(problems.join("\n"), problem);
  });
}

test("file: one that cannot be read is refused by name", () => {
  const { settings, problems } = readDaemonFile("/nonexistent/slicer.yaml", undefined);
  assert.equal(settings, undefined);
  assert.match(problems.join(), /^\/nonexistent\/slicer.yaml:1: cannot be read: ENOENT/);
});
