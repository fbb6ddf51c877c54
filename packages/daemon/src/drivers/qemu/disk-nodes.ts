/**
 * Disks as QEMU's block nodes. Pure: of files there are only the names that QEMU finds them by.
 *
 * Every layer is a node of its own, with its file as another: QEMU must not follow the path written in
 * an overlay, which whoever wrote that overlay has chosen. The guest's device hangs on the uppermost.
 */

import type { DiskLayer, DiskPlan } from "#core/ports/machine.ts";

/** The value of `-blockdev`, and the arguments of `blockdev-add`. */
export type BlockNode = Readonly<Record<string, unknown>>;

/** Gives a file to QEMU, and says its name there. */
export type FileNaming = (path: string, access: "read" | "read-write") => string;

/** @returns the nodes of a disk with all that is below it, each after those that it stands on; the last is named as the disk */
export function diskNodes(disk: DiskPlan, nameOf: FileNaming): readonly BlockNode[] {
  const { id, format, readOnly } = disk;
  const file = nameOf(disk.path, readOnly ? "read" : "read-write");
  const below = layerNodes(id, disk.backing, nameOf);
  return [...below.nodes, ...layer({ id, format, readOnly, file, below: below.id })];
}

function layerNodes(
  diskId: string,
  lowerLayer: DiskLayer | undefined,
  nameOf: FileNaming,
): { readonly nodes: readonly BlockNode[]; readonly id: string | undefined } {
  const named: (Omit<DiskLayer, "backing"> & { readonly id: string; readonly file: string })[] = [];
  for (let next = lowerLayer; next; next = next.backing) {
    const file = nameOf(next.path, "read");
    named.push({ ...next, id: `${diskId}-${named.length + 1}`, file });
  }
  const nodes: BlockNode[] = [];
  let below: string | undefined;
  for (const { id, format, file } of named.toReversed()) {
    nodes.push(...layer({ id, format, readOnly: true, file, below }));
    below = id;
  }
  return { nodes, id: below };
}

export interface LayerNode {
  readonly id: string;
  readonly format: "raw" | "qcow2";
  readonly readOnly: boolean;
  /** as QEMU finds it */
  readonly file: string;
  /** node of the layer below, if any */
  readonly below: string | undefined;
}

/** As JSON, because only there `backing` can be null: what an image's own header names is not opened. */
export function layer({ id, format, readOnly, file, below }: LayerNode): readonly BlockNode[] {
  const mode = readOnly ? { "read-only": true } : { discard: "unmap" };
  const storage = { driver: "file", "node-name": `${id}-file`, filename: file, ...mode };
  const image = { driver: format, "node-name": id, file: `${id}-file`, ...mode };
  return [storage, format === "raw" ? image : { ...image, backing: below ?? null }];
}
