/** The public face of the SDK. */

export {
  AlcoveClient,
  type ClientOptions,
  type CreateOptions,
  type ListFilter,
  type ShellOptions,
} from "./client.ts";
export type { CopyInOptions, CopyMode, CopyOut, CopyOutOptions } from "./copy.ts";
export { type Endpoint, describeEndpoint, parseEndpoint } from "./endpoint.ts";
export { AlcoveApiError } from "./api-error.ts";
export { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";
export { AlcoveInputError } from "./input-error.ts";
export { type ExecResult, type ExecSpec, type Execution } from "./exec.ts";
export type { ExecFrame, ExitFrame, OutputFrame, StartedFrame } from "./exec-frames.ts";
export type {
  CreatedVm,
  DeletedVm,
  HostGroup,
  HostInfo,
  TagChange,
  Vm,
  VmHealth,
  VmLogs,
  VmSpec,
  VmTags,
} from "./resources.ts";
export { type ShellSession, type TerminalSize } from "./shell.ts";
export type { VmSnapshot, VmStats } from "./stats.ts";
export { type PackOptions, packDirectory, packedBytes } from "./tar-pack.ts";
export { type UnpackOptions, unpackInto } from "./tar-unpack.ts";
