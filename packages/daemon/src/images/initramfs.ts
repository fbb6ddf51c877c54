/**
 * The initramfs of a modular kernel: the agent as `/init` and the modules it loads to find the root.
 *
 * `/alcove-initrd` lists the modules, one path a line, in the order in which to load them. The archive
 * is not compressed: unpacking would cost an emulated guest more than reading does.
 */

import { readFile } from "node:fs/promises";
import path from "node:path";

import { cpioArchive, type CpioEntry } from "./cpio.ts";
import { loadOrder, parseModulesDep, withoutSignature } from "./kernel-modules.ts";
import { readModuleIndex, type UnpackedKernel } from "./kernel-package.ts";

const MODULES_DIR = "modules";

export async function buildInitramfs(
  kernel: UnpackedKernel,
  agentPath: string,
  moduleNames: readonly string[],
): Promise<Buffer> {
  const tree = parseModulesDep(await readModuleIndex(kernel, "modules.dep"));
  const order = loadOrder(tree, moduleNames, await readModuleIndex(kernel, "modules.builtin"));
  const modules: CpioEntry[] = [];
  for (const file of order) {
    const content = withoutSignature(await readFile(path.join(kernel.modulesDir, file)));
    modules.push({ kind: "file", path: nameInArchive(file), mode: 0o644, content });
  }
  const list = order.map((file) => `/${nameInArchive(file)}\n`).join("");
  return cpioArchive([
    { kind: "directory", path: "dev", mode: 0o755 },
    { kind: "characterDevice", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
    { kind: "directory", path: "proc", mode: 0o755 },
    { kind: "directory", path: "sys", mode: 0o755 },
    { kind: "directory", path: "root", mode: 0o755 },
    { kind: "directory", path: MODULES_DIR, mode: 0o755 },
    ...modules,
    { kind: "file", path: "alcove-initrd", mode: 0o644, content: Buffer.from(list) },
    { kind: "file", path: "init", mode: 0o755, content: await readFile(agentPath) },
  ]);
}

function nameInArchive(file: string): string {
  return `${MODULES_DIR}/${path.basename(file)}`;
}
