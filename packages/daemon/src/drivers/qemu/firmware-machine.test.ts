import assert from "node:assert/strict";
import { test } from "node:test";

import type { BootPlan } from "#core/ports/machine.ts";

import { type QemuHost, qemuLaunch } from "./argv.ts";

const HOST: QemuHost = { accel: "kvm", tscKhz: 1, guestAslr: "auto", guestReboot: "restarts" };

const PLAN: BootPlan = {
  vmId: "0123456789ab",
  vcpus: 2,
  memoryMiB: 512,
  kernel: undefined,
  disks: [
    { id: "root", path: "/vms/a.qcow2", format: "qcow2", readOnly: false, backing: undefined },
    {
      id: "disk1",
      serial: "vol0",
      path: "/vms/b.ext4",
      format: "raw",
      readOnly: true,
      backing: undefined,
    },
  ],
  network: { mode: "routed", mac: "52:54:00:12:34:56", tap: "vmtap4", namespace: undefined },
  runDir: "/run/alcove/0123456789ab",
  consoleLogPath: "/vms/console.log",
};

function valuesOf(args: readonly string[], name: string): readonly string[] {
  return args.filter((_, index) => args[index - 1] === name);
}

const giving = (address: string) => ({ ...PLAN, passthrough: [{ address, isVga: false }] });

test("firmware: a PC with PCI devices boots its disks in their order, and no kernel of ours", () => {
  const { args, files } = qemuLaunch(PLAN, HOST);

  assert.deepEqual(valuesOf(args, "-M"), ["q35"]);
  assert.deepEqual(valuesOf(args, "-cpu"), ["host"]);
  assert.equal(args.includes("-kernel"), false);
  assert.equal(args.includes("-append"), false);
  assert.deepEqual(valuesOf(args, "-device"), [
    "virtio-blk-pci,drive=root,id=root-device,bootindex=0",
    "virtio-blk-pci,drive=disk1,id=disk1-device,serial=vol0,bootindex=1",
    "virtio-net-pci,netdev=net0,id=net0-device,mac=52:54:00:12:34:56,romfile=",
    "virtio-serial-pci,id=serial0",
    "virtserialport,bus=serial0.0,chardev=agent,name=alcove.agent",
    "virtio-rng-pci,rng=rng0",
    "virtserialport,bus=serial0.0,chardev=qga,name=org.qemu.guest_agent.0",
    "virtio-balloon-pci,free-page-reporting=on",
  ]);
  assert.deepEqual(
    files.map(({ path, access }) => [path, access]),
    [
      ["/vms/a.qcow2", "read-write"],
      ["/vms/b.ext4", "read"],
      ["/vms/console.log", "append"],
    ],
  );
});

test("firmware: devices of the host are passed through, and then no memory is given back", () => {
  const passthrough = [
    { address: "01:00.0", isVga: true },
    { address: "0000:02:00.1", isVga: false },
  ];
  const { args } = qemuLaunch({ ...PLAN, passthrough }, HOST);

  assert.deepEqual(valuesOf(args, "-cpu"), ["host,host-phys-bits-limit=0x28"]);
  const devices = valuesOf(args, "-device");
  assert.deepEqual(devices.slice(-2), [
    "vfio-pci,host=01:00.0,rombar=0,x-vga=on",
    "vfio-pci,host=0000:02:00.1,rombar=0",
  ]);
  assert.equal(
    devices.some((device) => device.startsWith("virtio-balloon")),
    false,
  );
});

test("firmware: an address that is none, and passthrough without hardware virtualisation, are refused", () => {
  assert.throws(() => qemuLaunch(giving("01:00.0,x=y"), HOST), /is no address on the PCI bus/);
  assert.throws(
    () => qemuLaunch(giving("01:00.0"), { ...HOST, accel: "tcg" }),
    /hardware-virtualised machines only/,
  );
});
