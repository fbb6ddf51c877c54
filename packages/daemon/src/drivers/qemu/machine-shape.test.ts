import assert from "node:assert/strict";
import { test } from "node:test";

import { differenceOf, memoryMiBOf, shapeOf } from "./machine-shape.ts";

const ARGS = [
  ["-name", "guest=alcove-1"],
  ["-accel", "tcg,tb-size=32"],
  ["-cpu", "qemu64,+arat"],
  ["-M", "microvm,acpi=on"],
  ["-smp", "2"],
  ["-m", "256M"],
  ["-kernel", "/proc/self/fd/3"],
  ["-append", "console=ttyS0 tsc_early_khz=2596098 tsc=reliable"],
  ["-blockdev", '{"driver":"file"}'],
  ["-device", "virtio-blk-device,drive=root"],
  ["-netdev", "user,id=net0,net=10.0.0.0/28"],
  ["-device", "virtio-net-device,netdev=net0,id=n,mac=02:00:00:00:00:01"],
].flat();

function changed(from: string, to: string): readonly string[] {
  return ARGS.map((arg) => arg.replace(from, to));
}

test("machine shape: files, names, addresses and buffers are free to differ", () => {
  for (const [from, to] of [
    ["alcove-1", "alcove-2"],
    ["fd/3", "fd/4"],
    ["10.0.0.0", "10.0.1.0"],
    ["00:01", "00:02"],
    ["tb-size=32", "tb-size=64"],
    ["2596098", "2596101"],
    ["ttyS0", "ttyS0 quiet"],
  ] as const) {
    assert.equal(differenceOf(shapeOf(ARGS), shapeOf(changed(from, to))), undefined, from);
  }
});

test("machine shape: a program's name before the arguments, and what waits for a state after them, are no difference", () => {
  const running = ["/usr/bin/qemu-system-x86_64", ...ARGS, "-incoming", "defer", "-S", ""];
  assert.equal(differenceOf(shapeOf(running), shapeOf(ARGS)), undefined);
});

test("machine shape: what QEMU takes without a word is a difference", () => {
  for (const [from, to] of [
    ["qemu64,+arat", "max"],
    ["microvm,acpi=on", "microvm,acpi=off"],
    ["256M", "512M"],
    ["tcg,tb-size=32", "kvm"],
    ["user,id=net0,net=10.0.0.0/28", "tap,id=net0,ifname=t"],
    ["virtio-blk-device,drive=root", "virtio-blk-device,drive=other"],
  ] as const) {
    const difference = differenceOf(shapeOf(ARGS), shapeOf(changed(from, to)));
    assert.match(difference ?? "", /^it was saved by a machine with -/, from);
  }
});

test("machine shape: a device too many, or too few, is said", () => {
  const more = shapeOf([...ARGS, "-device", "virtio-rng-device"]);
  assert.equal(
    differenceOf(shapeOf(ARGS), more),
    "it was saved by a machine with no further device, and would be restored to one with -device virtio-rng-device",
  );
  assert.match(differenceOf(more, shapeOf(ARGS)) ?? "", /with -device virtio-rng-device, and/);
});

test("machine shape: a clock that would run at another speed is a difference", () => {
  const faster = shapeOf(changed("2596098", "3000000"));
  assert.equal(
    differenceOf(shapeOf(ARGS), faster),
    "its clock runs by a counter of 2596098 kHz, and this host's has 3000000 kHz",
  );
});

test("machine shape: the guest's memory is read from the command line", () => {
  assert.equal(memoryMiBOf(["qemu", ...ARGS]), 256);
  assert.equal(memoryMiBOf(["qemu"]), 0);
});
