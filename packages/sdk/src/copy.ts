/**
 * Files into and out of a guest, as streams of bytes: one file's content (`binary`) or an
 * uncompressed tar of a directory (`tar`).
 */

import { AlcoveProtocolError } from "./errors.ts";
import type { Query } from "./query.ts";
import type { Answer, Codec } from "./wire.ts";

export type CopyMode = "binary" | "tar";

export interface CopyInOptions {
  /** path in the guest; `~` is the home of the user `uid` */
  readonly path: string;
  readonly mode: CopyMode;
  /** owner; default: the guest's default user */
  readonly uid?: number;
  readonly gid?: number;
  /** octal, such as `0644`; default: what the source says, else 0644 */
  readonly permissions?: string;
  readonly exclude?: readonly string[];
  /**
   * Name of what is copied. With it `path` is understood as `cp` understands its target (an existing
   * directory receives the source under its name); without it the bytes go exactly to `path`.
   */
  readonly sourceName?: string;
  /** sum of the sizes of the files in a tar, in bytes: lets the host refuse early */
  readonly unpackedBytes?: number;
}

export interface CopyOutOptions {
  /** path in the guest */
  readonly path: string;
  /** `any` takes a file as bytes and a directory as tar; the result says which */
  readonly mode: CopyMode | "any";
  readonly exclude?: readonly string[];
}

export interface CopyOut<B extends Uint8Array = Uint8Array> {
  readonly mode: CopyMode;
  /** base name of the source; `undefined` where the host does not say */
  readonly name: string | undefined;
  /** permission bits of a file; `undefined` where the host does not say */
  readonly permissions: number | undefined;
  /** size of a file in bytes; `undefined` for a tar or where the host does not say */
  readonly sizeBytes: number | undefined;
  /** the bytes, slowed down by a slow reader; leaving early closes the connection */
  readonly content: AsyncIterable<B>;
}

export function copyInQuery(options: CopyInOptions): Query {
  const { path, mode, uid, gid, permissions, exclude, sourceName } = options;
  const shared = { path, uid, gid, permissions, exclude };
  if (sourceName === undefined) return { ...shared, mode };
  return {
    ...shared,
    mode: `cp-v1-${mode}`,
    copy_semantics: "cp-v1",
    source_name: sourceName,
    source_type: mode === "tar" ? "directory" : "file",
  };
}

export function copyInHeaders(options: CopyInOptions): Record<string, string> {
  const type = options.mode === "tar" ? "application/x-tar" : "application/octet-stream";
  const { unpackedBytes } = options;
  return {
    "content-type": type,
    ...(unpackedBytes === undefined ? {} : { "x-slicer-unpacked-size": String(unpackedBytes) }),
  };
}

export function copyOutQuery({ path, mode, exclude }: CopyOutOptions): Query {
  const wire = mode === "any" ? "cp-v1-recursive" : `cp-v1-${mode}`;
  return { path, mode: wire, copy_semantics: "cp-v1", exclude };
}

export function copyOutOf<B extends Uint8Array>(answer: Answer<B>, codec: Codec<B>): CopyOut<B> {
  const mode = answer.header("x-slicer-source-type") === "directory" ? "tar" : "binary";
  return {
    mode,
    name: baseName(answer.header("x-slicer-source-name-base64"), codec),
    permissions: octal(answer.header("x-slicer-file-mode")),
    sizeBytes: mode === "binary" ? count(answer.header("content-length")) : undefined,
    content: answer.chunks(),
  };
}

/** The name is the guest's word: it may name a file, never a path. */
function baseName(header: string | undefined, codec: Codec<Uint8Array>): string | undefined {
  if (header === undefined) return undefined;
  const standard = header.replaceAll("-", "+").replaceAll("_", "/");
  const name = new TextDecoder().decode(codec.fromBase64(standard));
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
    throw new AlcoveProtocolError("The host names the source by something that is no file name");
  }
  return name;
}

function octal(header: string | undefined): number | undefined {
  return header !== undefined && /^[0-7]{1,5}$/.test(header) ? parseInt(header, 8) : undefined;
}

function count(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
