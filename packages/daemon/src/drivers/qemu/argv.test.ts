import assert from "node:assert/strict";
import { test } from "node:test";

import type { BootPlan } from "#core/ports/machine.ts";

import { kernelCommandLine, MAX_DISKS, type QemuHost, qemuLaunch } from "./argv.ts";

const EMULATED: QemuHost = {
  accel: "tcg",
  tscKhz: 2_600_000,
  guestAslr: "auto",
  guestReboot: "restarts",
};

const PLAN: BootPlan = {
  vmId: "0123456789ab",
  vcpus: 2,
  memoryMiB: 512,
  kernel: { path: "/images/vmlinux", initramfsPath: "/images/initramfs", args: ["root=/dev/vda"] },
  disks: [
    {
      id: "root",
      path: "/vms/overlay.qcow2",
      format: "qcow2",
      readOnly: false,
      backing: { path: "/images/base.raw", format: "raw", backing: undefined },
    },
  ],
  network: {
    mode: "user",
    mac: "52:54:00:12:34:56",
    cidr: "10.0.2.0/24",
    address: "10.0.2.15",
    gateway: "10.0.2.2",
    dns: "10.0.2.3",
    cidr6: undefined,
  },
  runDir: "/run/alcove/0123456789ab",
  consoleLogPath: "/vms/console.log",
};

/** the value after the first option with that name */
function valueOf(args: readonly string[], name: string): string | undefined {
  return args[args.indexOf(name) + 1];
}

function valuesOf(args: readonly string[], name: string): readonly string[] {
  return args.filter((_, index) => args[index - 1] === name);
}

test("argv: files are descriptors, in the order of the list, with the access QEMU needs", () => {
  const { args, files } = qemuLaunch(PLAN, EMULATED);

  assert.deepEqual(files, [
    { path: "/images/vmlinux", access: "read", reopened: true },
    { path: "/images/initramfs", access: "read", reopened: true },
    { path: "/vms/overlay.qcow2", access: "read-write", reopened: false },
    { path: "/images/base.raw", access: "read", reopened: false },
    { path: "/vms/console.log", access: "append", reopened: false },
  ]);
  assert.equal(valueOf(args, "-kernel"), "/proc/self/fd/3");
  assert.equal(valueOf(args, "-initrd"), "/proc/self/fd/4");
  assert.deepEqual(valuesOf(args, "-add-fd"), ["fd=5,set=5", "fd=6,set=6", "fd=7,set=7"]);
});

test("argv: no host path is on the command line", () => {
  const { args } = qemuLaunch(PLAN, EMULATED);

  assert.doesNotMatch(args.join(" "), /\/(images|vms|run)\//);
});

test("argv: an overlay's lower layer is named, read-only, and never taken from its header", () => {
  const { args } = qemuLaunch(PLAN, EMULATED);

  assert.deepEqual(
    valuesOf(args, "-blockdev").map((text): unknown => JSON.parse(text)),
    [
      {
        driver: "file",
        "node-name": "root-1-file",
        filename: "/dev/fdset/6",
        "read-only": true,
      },
      { driver: "raw", "node-name": "root-1", file: "root-1-file", "read-only": true },
      { driver: "file", "node-name": "root-file", filename: "/dev/fdset/5", discard: "unmap" },
      {
        driver: "qcow2",
        "node-name": "root",
        file: "root-file",
        discard: "unmap",
        backing: "root-1",
      },
    ],
  );
});

test("argv: a qcow2 disk without a layer in the plan gets none from its header", () => {
  const disk = {
    id: "data",
    path: "/d",
    format: "qcow2",
    readOnly: true,
    backing: undefined,
  } as const;

  const { args } = qemuLaunch({ ...PLAN, disks: [disk] }, EMULATED);

  assert.match(valuesOf(args, "-blockdev")[1] ?? "", /"backing":null/);
});

test("argv: emulation and hardware choose different processors and kernel arguments", () => {
  const hardware = qemuLaunch(PLAN, { ...EMULATED, accel: "kvm" }).args;
  const emulated = qemuLaunch(PLAN, EMULATED).args;

  assert.equal(valueOf(emulated, "-cpu"), "qemu64,+arat");
  assert.match(
    valueOf(emulated, "-append") ?? "",
    / tsc_early_khz=2600000 tsc=reliable .*root=\/dev\/vda$/,
  );
  assert.equal(valueOf(hardware, "-cpu"), "host");
  assert.doesNotMatch(valueOf(hardware, "-append") ?? "", /tsc|mitigations|norandmaps/);
});

test("argv: QEMU is forbidden children, privileges and obsolete calls", () => {
  assert.equal(
    valueOf(qemuLaunch(PLAN, EMULATED).args, "-sandbox"),
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
  );
});

test("argv: the user-mode network is the plan's, and speaks what the plan speaks", () => {
  assert.equal(
    valueOf(qemuLaunch(PLAN, EMULATED).args, "-netdev"),
    "user,id=net0,ipv4=on,ipv6=off,net=10.0.2.0/24,host=10.0.2.2,dns=10.0.2.3,dhcpstart=10.0.2.15",
  );
  assert.ok(PLAN.network.mode === "user");
  const network = { ...PLAN.network, cidr6: "fd00:1::/64" };
  const { args } = qemuLaunch({ ...PLAN, network }, EMULATED);
  assert.match(valueOf(args, "-netdev") ?? "", /,ipv4=on,ipv6=on,ipv6-net=fd00:1::\/64,net=/);
});

test("argv: without a network there is no network device", () => {
  const { args } = qemuLaunch({ ...PLAN, network: { mode: "none" } }, EMULATED);

  assert.equal(args.includes("-netdev"), false);
});

test("argv: a tap is the descriptor after the files, and QEMU runs where it is", () => {
  const network = {
    mode: "isolated",
    mac: "52:54:00:12:34:56",
    tap: "tap0",
    namespace: "/run/netns/one",
  } as const;

  const { args, files, tap } = qemuLaunch({ ...PLAN, network }, EMULATED);

  assert.deepEqual(tap, { device: "tap0", namespace: { path: "/run/netns/one" }, fd: 8 });
  assert.equal(files.length, 5);
  assert.equal(valueOf(args, "-netdev"), "tap,id=net0,fd=8,vhost=off");
  assert.match(valuesOf(args, "-device").join(" "), /netdev=net0,.*mac=52:54:00:12:34:56/);
});

test("argv: a kernel command line that the kernel would cut is refused", () => {
  assert.throws(() => kernelCommandLine(["x".repeat(2048)], EMULATED), /longer than 2047 bytes/);
});

test("argv: more disks than the machine has slots are refused", () => {
  const disks = Array.from({ length: MAX_DISKS + 1 }, (_, index) => ({
    id: `d${index}`,
    path: `/d${index}`,
    format: "raw" as const,
    readOnly: true,
    backing: undefined,
  }));

  assert.throws(() => qemuLaunch({ ...PLAN, disks }, EMULATED), /can attach 21 disks, not 22/);
});

for (const [accel, guestAslr, off] of [
  ["tcg", "auto", true],
  ["tcg", "on", false],
  ["kvm", "auto", false],
  ["kvm", "off", true],
] as const) {
  test(`qemu argv: under ${accel}, random addresses "${guestAslr}" are ${off ? "off" : "on"}`, () => {
    const words = kernelCommandLine([], { ...EMULATED, accel, guestAslr }).split(" ");
    assert.equal(words.includes("norandmaps"), off);
  });
}

test("qemu argv: a reset ends the machine only where it is to", () => {
  const { args } = qemuLaunch(PLAN, { ...EMULATED, guestReboot: "ends" });
  assert.deepEqual(
    args.filter((arg) => arg !== "-no-reboot"),
    qemuLaunch(PLAN, EMULATED).args,
  );
  assert.ok(args.includes("-no-reboot"));
});

test("argv: a disk on layers names each of them, and reads them only", () => {
  const image = { path: "/images/base.raw", format: "raw", backing: undefined } as const;
  const sealed = { path: "/layers/one.qcow2", format: "qcow2", backing: image } as const;
  const disk = {
    id: "root",
    path: "/vms/overlay.qcow2",
    format: "qcow2",
    readOnly: false,
    backing: sealed,
  } as const;

  const { args, files } = qemuLaunch({ ...PLAN, disks: [disk] }, EMULATED);

  const nodes = valuesOf(args, "-blockdev").map((text) => JSON.parse(text));
  assert.deepEqual(
    nodes.map((node) => [node["node-name"], node.filename ?? node.file, node.backing]),
    [
      ["root-2-file", "/dev/fdset/7", undefined],
      ["root-2", "root-2-file", undefined],
      ["root-1-file", "/dev/fdset/6", undefined],
      ["root-1", "root-1-file", "root-2"],
      ["root-file", "/dev/fdset/5", undefined],
      ["root", "root-file", "root-1"],
    ],
  );
  assert.deepEqual(
    nodes.map((node) => node["read-only"] ?? false),
    [true, true, true, true, false, false],
  );
  assert.deepEqual(
    files.slice(2, 5).map((file) => [file.path, file.access]),
    [
      ["/vms/overlay.qcow2", "read-write"],
      ["/layers/one.qcow2", "read"],
      ["/images/base.raw", "read"],
    ],
  );
});

test("argv: memory in a file has the name that memory has anyway", () => {
  const memory = { kind: "file", path: "/proc/self/fd/20", share: false } as const;

  const { args, files } = qemuLaunch(PLAN, EMULATED, memory);

  assert.equal(files[0]?.path, "/proc/self/fd/20");
  assert.equal(
    valueOf(args, "-object"),
    "memory-backend-file,id=microvm.ram,size=512M,mem-path=/proc/self/fd/3,share=off",
  );
  assert.equal(valuesOf(args, "-machine")[1], "memory-backend=microvm.ram");
});

test("argv: a detached machine has the card of a tap, and a tap of its own", () => {
  const network = { mode: "detached", mac: "52:54:00:12:34:56" } as const;

  const { args, tap } = qemuLaunch({ ...PLAN, network }, EMULATED);

  assert.deepEqual(tap, { device: "detached0", namespace: "fresh", fd: 8 });
  assert.equal(valueOf(args, "-netdev"), "tap,id=net0,fd=8,vhost=off");
});
