/**
 * An empty qcow2 overlay, written by hand: a create needs one, and starting
 * `qemu-img` for it would cost more than everything else around it.
 * Layout: https://qemu.readthedocs.io/en/latest/interop/qcow2.html, version 3.
 */

const CLUSTER_BITS = 16;
const CLUSTER = 1 << CLUSTER_BITS;
const HEADER_BYTES = 104;
const MAGIC = 0x514649fb;
const EXTENSION_BACKING_FORMAT = 0xe2792aca;
/** 2 to this power bits in a reference count: 16 */
const REFCOUNT_ORDER = 4;
const L2_ENTRIES_PER_CLUSTER = CLUSTER / 8;
/** what `virtualSizeOf` looks at */
export const HEADER_LOOK_BYTES = 80;

export interface Overlay {
  readonly virtualSizeBytes: number;
  /** absolute path of the image below, for tools that look at the file; drivers attach it by themselves */
  readonly backingPath: string;
  readonly backingFormat: "raw" | "qcow2";
}

/**
 * How large the file of an overlay is that nobody has written to: the first write, of zeros too, makes
 * it larger by a table at least.
 */
export function emptyOverlayBytes(virtualSizeBytes: number): number {
  return clustersFor(virtualSizeBytes).clusters * CLUSTER;
}

/**
 * Clusters: header, reference count table, one reference count block, L1 table.
 * @throws Error when the backing path or the size do not fit this layout
 */
export function emptyOverlay({ virtualSizeBytes, backingPath, backingFormat }: Overlay): Buffer {
  const { l1Entries, clusters } = clustersFor(virtualSizeBytes);
  if (clusters > CLUSTER / 2) throw new Error(`a disk of ${virtualSizeBytes} bytes is too large`);
  const image = Buffer.alloc(clusters * CLUSTER);
  const backing = Buffer.from(backingPath);
  const format = Buffer.from(backingFormat);
  const formatBytes = Math.ceil(format.length / 8) * 8;
  const backingOffset = HEADER_BYTES + 8 + formatBytes + 8;
  if (backing.length > 1023) throw new Error("the path of the image is longer than qcow2 allows");

  image.writeUInt32BE(MAGIC, 0);
  image.writeUInt32BE(3, 4);
  image.writeBigUInt64BE(BigInt(backingOffset), 8);
  image.writeUInt32BE(backing.length, 16);
  image.writeUInt32BE(CLUSTER_BITS, 20);
  image.writeBigUInt64BE(BigInt(virtualSizeBytes), 24);
  image.writeUInt32BE(l1Entries, 36);
  image.writeBigUInt64BE(BigInt(3 * CLUSTER), 40);
  image.writeBigUInt64BE(BigInt(CLUSTER), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(REFCOUNT_ORDER, 96);
  image.writeUInt32BE(HEADER_BYTES, 100);
  image.writeUInt32BE(EXTENSION_BACKING_FORMAT, HEADER_BYTES);
  image.writeUInt32BE(format.length, HEADER_BYTES + 4);
  format.copy(image, HEADER_BYTES + 8);
  backing.copy(image, backingOffset);
  image.writeBigUInt64BE(BigInt(2 * CLUSTER), CLUSTER);
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    image.writeUInt16BE(1, 2 * CLUSTER + cluster * 2);
  }
  return image;
}

function clustersFor(virtualSizeBytes: number): { l1Entries: number; clusters: number } {
  const l1Entries = Math.ceil(virtualSizeBytes / (CLUSTER * L2_ENTRIES_PER_CLUSTER));
  const l1Clusters = Math.max(1, Math.ceil((l1Entries * 8) / CLUSTER));
  return { l1Entries, clusters: 3 + l1Clusters };
}

/**
 * How large a disk is for the guest. The file was written by a machine, which may have been taken over: whatever
 * is unlike the overlays made here is refused, above all a file that names another one for its data.
 * @param header the first `HEADER_LOOK_BYTES` of the file
 * @throws Error that says what is wrong with it
 */
export function virtualSizeOf(header: Buffer): number {
  const known =
    header.length >= HEADER_LOOK_BYTES &&
    header.readUInt32BE(0) === MAGIC &&
    header.readUInt32BE(4) === 3;
  if (!known) throw new Error("the disk is no qcow2 file of version 3");
  if (header.readUInt32BE(20) !== CLUSTER_BITS)
    throw new Error(`the disk has clusters of other than ${CLUSTER} bytes`);
  if (header.readUInt32BE(32) !== 0) throw new Error("the disk is encrypted");
  const features = header.readBigUInt64BE(72);
  if (features !== 0n)
    throw new Error(`the disk is damaged, or needs features (${features}) that no disk here has`);
  const size = header.readBigUInt64BE(24);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error("the disk is larger than can be");
  return Number(size);
}
