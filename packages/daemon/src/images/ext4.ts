/**
 * Makes an ext4 file system from a directory tree, with no mount and always the same bytes.
 *
 * `mkfs.ext4 -d` copies the tree in sorted order; identifiers and its own clock are fixed. Only the
 * change and access times still come from the host's files, so they are overwritten afterwards.
 */

import { writeFile } from "node:fs/promises";

import { run, runText, TOOL_ENV } from "#process/run.ts";

import { SOURCE_DATE_EPOCH } from "./build-tools.ts";

export interface Ext4Spec {
  readonly tree: string;
  readonly target: string;
  readonly sizeMiB: number;
  readonly journalMiB: number;
  readonly uuid: string;
}

const ENV = {
  ...TOOL_ENV,
  E2FSPROGS_FAKE_TIME: String(SOURCE_DATE_EPOCH),
  SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH),
};

const ROOT_INODE = 2;
/** the first that files get; those below belong to the file system itself */
const FIRST_INODE = 11;

export async function makeExt4(spec: Ext4Spec, signal: AbortSignal): Promise<void> {
  // Tables are written now rather than by a thread in each guest; the hash seed fixes directory order.
  const extended = `hash_seed=${spec.uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0`;
  const args = ["-q", "-F", "-b", "4096", "-m", "0", "-J", `size=${spec.journalMiB}`];
  const where = ["-U", spec.uuid, "-E", extended, "-d", spec.tree, spec.target, `${spec.sizeMiB}M`];
  await run({ file: "mkfs.ext4", args: [...args, ...where], env: ENV }, signal);
  await fixTimes(spec.target, signal);
}

async function fixTimes(target: string, signal: AbortSignal): Promise<void> {
  const last = await usedInodes(target, signal);
  const numbers = [
    ROOT_INODE,
    ...Array.from({ length: last - FIRST_INODE + 1 }, (_, index) => FIRST_INODE + index),
  ];
  const commands = numbers.flatMap((inode) => [
    `set_inode_field <${inode}> ctime @${SOURCE_DATE_EPOCH}`,
    `set_inode_field <${inode}> atime @${SOURCE_DATE_EPOCH}`,
  ]);
  const script = `${target}.debugfs`;
  await writeFile(script, `${commands.join("\n")}\n`);
  await run({ file: "debugfs", args: ["-w", "-f", script, target], env: ENV }, signal);
}

/** Inodes are given out in sequence, so their count is also the number of the last one. */
async function usedInodes(target: string, signal: AbortSignal): Promise<number> {
  const text = await runText({ file: "dumpe2fs", args: ["-h", target], env: ENV }, signal);
  const value = (label: string) => Number(new RegExp(`^${label}:\\s+(\\d+)$`, "m").exec(text)?.[1]);
  const used = value("Inode count") - value("Free inodes");
  if (!Number.isSafeInteger(used)) throw new Error("dumpe2fs did not say how many inodes are used");
  return used;
}
