/** What messages say, checked and complete. Source: the network's message schema. */

import type { ItemHash } from "../item-hash.ts";

export const MESSAGE_TYPES = [
  "INSTANCE",
  "PROGRAM",
  "STORE",
  "AGGREGATE",
  "POST",
  "FORGET",
] as const;

export type MessageType = (typeof MESSAGE_TYPES)[number];

/** A message as it is kept: whole, as it was published. */
export interface StoredMessage {
  readonly itemHash: ItemHash;
  readonly type: MessageType;
  readonly sender: string;
  readonly chain: string;
  /** seconds since 1970 */
  readonly time: number;
  /** the `content` object as published; the shapes below are read from it */
  readonly content: Readonly<Record<string, unknown>>;
  /** the whole message, in the network's own key names: what is answered to whoever asks for it */
  readonly raw: Readonly<Record<string, unknown>>;
}

interface VmContent {
  /** the owner: who may operate the VM */
  readonly address: string;
  /** seconds since 1970 */
  readonly time: number;
  readonly authorizedKeys: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly resources: VmResources;
  readonly payment: Payment;
  readonly requirements: Requirements | undefined;
  readonly volumes: readonly Volume[];
  readonly internet: boolean;
  readonly alephApi: boolean;
}

export interface InstanceContent extends VmContent {
  readonly kind: "instance";
  readonly hypervisor: "qemu" | "firecracker" | undefined;
  readonly trustedExecution: TrustedExecution | undefined;
  readonly rootfs: {
    readonly parent: FileRef;
    readonly persistence: "host" | "store";
    readonly sizeMiB: number;
  };
}

export interface ProgramContent extends VmContent {
  readonly kind: "program";
  readonly code: {
    readonly encoding: Encoding;
    readonly entrypoint: string;
    readonly file: FileRef;
    readonly interface: "asgi" | "binary";
    readonly args: readonly string[];
  };
  readonly runtime: FileRef;
  readonly data: ProgramData | undefined;
  /** started for HTTP requests */
  readonly onHttp: boolean;
  /** kept running */
  readonly onPersistent: boolean;
}

/** Files for a program, beside its code. */
export interface ProgramData {
  readonly file: FileRef;
  readonly encoding: Encoding;
  readonly mount: string;
}

/** How code and data are packed. */
export type Encoding = "plain" | "zip" | "squashfs";

export type ExecutableContent = InstanceContent | ProgramContent;

/** A file of the store, by the message that published it. */
export interface FileRef {
  readonly ref: ItemHash;
  /** whether a later version of the file is to be taken, where its owner has published one */
  readonly useLatest: boolean;
}

export interface VmResources {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** how long one call of a program may take, in seconds */
  readonly seconds: number;
  readonly publishedPorts: readonly PublishedPort[];
}

export interface PublishedPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

export interface TrustedExecution {
  readonly firmware: ItemHash | undefined;
  /** SEV guest policy, 32 bits */
  readonly policy: number;
}

export interface Payment {
  readonly type: "hold" | "superfluid" | "credit";
  readonly chain: string | undefined;
  readonly receiver: string | undefined;
}

export interface Requirements {
  readonly nodeHash: ItemHash | undefined;
  readonly gpus: readonly WantedGpu[];
}

export interface WantedGpu {
  readonly vendor: string;
  readonly deviceName: string;
  /** PCI class: VGA, or 3D controller */
  readonly deviceClass: "0300" | "0302";
  /** PCI ids, `<vendor>:<device>` in hexadecimal */
  readonly deviceId: string;
}

export type Volume =
  | { readonly kind: "immutable"; readonly file: FileRef; readonly mount: string | undefined }
  | { readonly kind: "ephemeral"; readonly sizeMiB: number; readonly mount: string | undefined }
  | {
      readonly kind: "persistent";
      readonly parent: FileRef | undefined;
      readonly persistence: "host" | "store";
      /** as given, or `unamed_volume_<index>`; only `[A-Za-z0-9_-]` */
      readonly name: string;
      readonly mount: string;
      readonly sizeMiB: number;
    };

/** Room that content asks for; immutable volumes take none. */
export function diskMiBOf(content: ExecutableContent): number {
  const root = content.kind === "instance" ? content.rootfs.sizeMiB : 0;
  return content.volumes.reduce(
    (sum, volume) => sum + (volume.kind === "immutable" ? 0 : volume.sizeMiB),
    root,
  );
}

export type VmType = "microvm" | "persistent_program" | "instance";

export function vmTypeOf(content: ExecutableContent): VmType {
  if (content.kind === "instance") return "instance";
  return content.onPersistent ? "persistent_program" : "microvm";
}
