/** The public face of the SDK for Node. */

import "./dispose-symbols.ts"; // first: classes need them

export { AlcoveClient, AlcoveClient as SlicerClient } from "./node/alcove-client.ts";
export { NodeVm as Vm, NodeVm as VM, type ForwardRequest } from "./node/vm.ts";
export { type Environment } from "./node/environment.ts";
export { Forward, type ForwardListener } from "./node/forward.ts";
export type { LocalCopyOptions } from "./node/local-copy.ts";
export { type HostAddress, openHostApi } from "./node/open-host.ts";
export { HostApi, type ListFilter } from "./host-api.ts";
export { type PackOptions, packDirectory, packedBytes } from "./node/tar-pack.ts";
export { type UnpackOptions, unpackInto } from "./node/tar-unpack.ts";
export * from "./everywhere.ts";
