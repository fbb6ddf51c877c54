/**
 * What an image is: one manifest that joins a kernel and a root file system by their content.
 *
 * The id is a digest of everything in the manifest but the id itself and the moment it was made,
 * so building the same thing twice gives the same id. Blobs are named by digest; where they lie is
 * the image store's business.
 */

import { createHash } from "node:crypto";

export const MANIFEST_SCHEMA = 1;

/** One file of the store, named by what it holds. */
export interface BlobRef {
  /** 64 hexadecimal digits; how it is computed is the store's `blob-digest.ts` */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A kernel that can boot images: an ELF, and an initramfs if its drivers are modules. */
export interface KernelPart {
  /** recipe it was made by, e.g. "debian-cloud", "kernel-small" */
  readonly name: string;
  /** what `uname -r` will say */
  readonly release: string;
  readonly vmlinux: BlobRef;
  /** holds the modules needed to mount the root; `null` when all is built in */
  readonly initramfs: BlobRef | null;
  /** command line words this kernel needs */
  readonly args: readonly string[];
  /** Debian package it comes from, `name=version` */
  readonly source: string;
}

export type DiskFormat = "raw" | "qcow2";

export interface RootfsPart {
  readonly blob: BlobRef;
  readonly format: DiskFormat;
  /** "ext4", or "unknown" for an imported disk that was not recognised */
  readonly filesystem: string;
  readonly virtualSizeBytes: number;
}

/** who is PID 1: our agent, systemd with the agent as a service, or something unknown without an agent */
export type InitKind = "alcove" | "systemd" | "none";

export interface ImageContent {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly kind: "image";
  readonly name: string;
  /** the kernel it was built with */
  readonly kernel: KernelPart;
  /** names of kernels that it boots with instead when the store has one, best first */
  readonly preferredKernels: readonly string[];
  readonly rootfs: RootfsPart;
  /** command line words that belong to the image: where the root is, which init */
  readonly args: readonly string[];
  readonly init: InitKind;
  /** `null` when no agent is inside */
  readonly agentVersion: string | null;
  /** user that commands run as unless told otherwise; `null` when unknown */
  readonly defaultUser: string | null;
  /** Debian packages inside, `name=version`, sorted; empty when unknown */
  readonly packages: readonly string[];
}

export interface KernelContent {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly kind: "kernel";
  readonly name: string;
  readonly kernel: KernelPart;
}

export type ManifestContent = ImageContent | KernelContent;

export type Manifest<Content extends ManifestContent = ManifestContent> = Content & {
  readonly id: string;
  /** ISO 8601, UTC; not part of the id */
  readonly createdAt: string;
};

export type ImageManifest = Manifest<ImageContent>;
export type KernelManifest = Manifest<KernelContent>;

export function manifestOf<Content extends ManifestContent>(
  content: Content,
  createdAt: Date,
): Manifest<Content> {
  return { ...content, id: contentId(content), createdAt: createdAt.toISOString() };
}

/** @returns the digest of a value's canonical form, 64 hexadecimal digits */
export function contentId(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** JSON with sorted keys and no white space: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** The blobs that must exist for the manifest to be of use. */
export function blobsOf(manifest: ManifestContent): readonly BlobRef[] {
  const { vmlinux, initramfs } = manifest.kernel;
  const kernel = initramfs === null ? [vmlinux] : [vmlinux, initramfs];
  return manifest.kind === "kernel" ? kernel : [...kernel, manifest.rootfs.blob];
}
