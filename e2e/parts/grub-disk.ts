/**
 * A disk whose boot loader is all there is to it: GRUB for UEFI, which shows the first bytes of another disk on the
 * console and switches the machine off. So a firmware's guest is up in seconds, and says what it was given.
 */

import { mkdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";

import { run } from "../../packages/daemon/src/process/run.ts";

const SECTOR = 512;
const DISK_SECTORS = 8192;

/** Debian's, without variables of its own */
export const FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd";

const MODULES = ["normal", "serial", "terminal", "echo", "hexdump", "halt", "disk", "fat"];

const never = new AbortController().signal;

/**
 * @param bytes that are shown
 * @param which the disk that they are of, as GRUB counts: `hd0` is its own
 * @returns path of the raw disk
 */
export async function grubDisk(directory: string, bytes: number, which = "hd1"): Promise<string> {
  await mkdir(directory, { recursive: true });
  const words = path.join(directory, "grub.cfg");
  const loader = path.join(directory, "BOOTX64.EFI");
  const disk = path.join(directory, "disk.raw");
  const lines = ["serial --unit=0 --speed=115200", "terminal_output serial"];
  const shown = [
    "echo test guest",
    `hexdump -n ${bytes} (${which})`,
    "echo test guest ends",
    "halt",
  ];
  await writeFile(words, `${[...lines, ...shown].join("\n")}\n`);
  const image = ["-O", "x86_64-efi", "-p", "/grub", "-c", words, "-o", loader, ...MODULES];
  await run({ file: "grub-mkimage", args: image }, never);
  await writeFile(disk, "");
  await truncate(disk, DISK_SECTORS * SECTOR);
  const shape = ["-T", String(DISK_SECTORS), "-h", "16", "-s", "32"];
  await run({ file: "mformat", args: ["-i", disk, ...shape, "::"] }, never);
  await run({ file: "mmd", args: ["-i", disk, "::/EFI", "::/EFI/BOOT"] }, never);
  await run({ file: "mcopy", args: ["-i", disk, loader, "::/EFI/BOOT/BOOTX64.EFI"] }, never);
  return disk;
}

/** What GRUB's `hexdump` has shown on a console. */
export function hexdumpIn(console: string): Buffer {
  const lines = console.matchAll(/^[0-9a-f]{8} {2}((?:[0-9a-f]{2} {1,2})+)/gm);
  return Buffer.from([...lines].map(([, bytes = ""]) => bytes.replaceAll(" ", "")).join(""), "hex");
}
