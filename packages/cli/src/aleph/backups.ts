/** Backups of a VM's disks at a node: made there, fetched from there, and brought back. */

import { createHash } from "node:crypto";
import { rm, stat, rename } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { AlcoveProtocolError } from "@alcove/sdk/errors.ts";
import { type Resource, asResource, resource } from "@alcove/sdk/resource.ts";

import { EXIT } from "../exit-codes.ts";
import { CommandError, UsageError } from "../failure.ts";
import { printableLine } from "../printable.ts";
import { type NodeAnswer, type NodeClient, type Upload, jsonIn } from "./node-client.ts";
import { CountedFile, factsOf } from "./uploads.ts";

/** Sizes in bytes; the time is RFC 3339. */
export interface Backup {
  readonly backup_id: string;
  readonly size: number;
  /** names of the disks in it */
  readonly volumes?: readonly string[];
  readonly expires_at: string;
  /** `sha256:` and hexadecimal digits */
  readonly checksum: string;
  /** signed; whoever has it may fetch it */
  readonly download_url: string;
}

const BACKUP: Resource<Backup> = resource<Backup>("backup", {
  backup_id: "string",
  size: "number",
  volumes: "strings?",
  expires_at: "string",
  checksum: "string",
  download_url: "string",
});

/** between two looks at one that is being made, in `ms` */
const LOOK_EVERY_MS = 1_000;
const IN_PROGRESS = 202;

export interface BackupOrder {
  /** also the data volumes, not only the root disk */
  readonly volumes: boolean;
  /** have the guest's file systems stand still meanwhile */
  readonly freeze: boolean;
}

/** @returns `undefined` while it is being made */
export async function orderBackup(
  node: NodeClient,
  hash: string,
  { volumes, freeze }: BackupOrder,
  signal: AbortSignal,
): Promise<Backup | undefined> {
  const query = {
    ...(volumes ? { include_volumes: true } : {}),
    ...(freeze ? {} : { skip_fsfreeze: true }),
  };
  const path = pathOf(hash);
  return backupIn(await node.ask({ method: "POST", path, query, audience: "owner" }, signal), path);
}

/** @returns `undefined` while it is being made. @throws CommandError when there is none */
export async function findBackup(
  node: NodeClient,
  hash: string,
  signal: AbortSignal,
): Promise<Backup | undefined> {
  const path = pathOf(hash);
  return backupIn(await node.ask({ method: "GET", path, audience: "owner" }, signal), path);
}

export async function finishedBackup(
  node: NodeClient,
  hash: string,
  signal: AbortSignal,
): Promise<Backup> {
  for (;;) {
    const backup = await findBackup(node, hash, signal);
    if (backup) return backup;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

export interface Download {
  readonly backup: Backup;
  readonly target: string;
  /** told of each piece, in bytes */
  readonly onBytes: (count: number) => void;
}

/**
 * Appears under its name only when it is complete and what the node says it is.
 * @throws UsageError when there is something of that name, CommandError when other bytes arrive
 */
export async function fetchBackup(
  node: NodeClient,
  { backup, target, onBytes }: Download,
  signal: AbortSignal,
): Promise<void> {
  if (await isThere(target)) throw new UsageError(`${printableLine(target)} is there already`);
  const link = linkOf(backup);
  const query = Object.fromEntries(link.searchParams);
  const path = link.pathname;
  const answer = await node.open({ method: "GET", path, query, audience: "anyone" }, signal);
  const draft = `${target}.part`;
  const digest = createHash("sha256");
  async function* counted(): AsyncGenerator<Buffer, undefined> {
    for await (const piece of answer.chunks()) {
      digest.update(piece);
      onBytes(piece.length);
      yield piece;
    }
    return undefined;
  }
  try {
    await pipeline(counted(), createWriteStream(draft, { mode: 0o600 }), { signal });
    const found = `sha256:${digest.digest("hex")}`;
    if (found !== backup.checksum)
      throw new CommandError(`What arrived is not the backup: ${found}`, EXIT.failed);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

export async function removeBackup(
  node: NodeClient,
  hash: string,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const path = `${pathOf(hash)}/${encodeURIComponent(id)}`;
  await node.ask({ method: "DELETE", path, audience: "owner" }, signal);
}

const BOUNDARY = "----alcove-disk";

/** A disk as the one file of a form. */
export function diskForm(file: string, signal: AbortSignal) {
  const { sizeBytes } = factsOf(file);
  const counted = new CountedFile(file, signal);
  const head = Buffer.from(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="rootfs"; filename="rootfs.qcow2"\r\n` +
      "Content-Type: application/octet-stream\r\n\r\n",
  );
  const tail = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  async function* pieces(): AsyncGenerator<Buffer, undefined> {
    yield head;
    yield* counted.pieces();
    yield tail;
    return undefined;
  }
  const upload: Upload = {
    pieces: pieces(),
    sizeBytes: head.length + sizeBytes + tail.length,
    type: `multipart/form-data; boundary=${BOUNDARY}`,
  };
  return { upload, counted, sizeBytes };
}

function pathOf(hash: string): string {
  return `/control/machine/${hash}/backup`;
}

function backupIn(answer: NodeAnswer, path: string): Backup | undefined {
  if (answer.status === IN_PROGRESS) return undefined;
  return asResource(jsonIn(answer, path), BACKUP);
}

/** Only its path and query are used: this node is asked, by the name that it was found under. */
function linkOf({ download_url: link }: Backup): URL {
  if (URL.canParse(link)) return new URL(link);
  throw new AlcoveProtocolError("The node's link to the backup is no URL");
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
