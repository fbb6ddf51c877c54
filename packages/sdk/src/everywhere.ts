/** What the SDK offers on every platform beside the client and the VM, which each platform has its own of. */

export { AlcoveApiError, type AnyErrorCode, SecretExistsError } from "./api-error.ts";
export { AlcoveConnectionError, AlcoveProtocolError } from "./errors.ts";
export { AlcoveTimeoutError } from "./timeout-error.ts";
export { AlcoveInputError } from "./input-error.ts";
export type { CamelKeys } from "./camel-keys.ts";
export type * from "./aleph-shapes.ts";
export { Aleph } from "./client/aleph.ts";
export type { CallOptions } from "./client/call.ts";
export { Client, HostGroups } from "./client/client.ts";
export {
  type CommitListFilter,
  type CommitRequest,
  Commits,
  type ForkOptions,
  type ForkRequest,
  type GuestFixup,
} from "./client/commits.ts";
export type { CommandRequest, ExecRequest } from "./client/exec-request.ts";
export type { BackgroundFrame, ExecFrame } from "./client/frames.ts";
export { Host, type MeterOptions } from "./client/host.ts";
export { type ImageBuildOptions, type ImageImport, Images } from "./client/images.ts";
export type { LiveForkRequest } from "./client/live-fork.ts";
export { UserdataError, type WaitOptions } from "./client/readiness.ts";
export {
  type SecretChange,
  type SecretContent,
  type SecretRequest,
  Secrets,
} from "./client/secrets.ts";
export { Sessions } from "./client/session.ts";
export { type TemplateRequest, Templates } from "./client/templates.ts";
export type { BufferedResult, RestoreRequest, VmFacts } from "./client/vm.ts";
export {
  type BackgroundRequest,
  type KillRequest,
  type LogRequest,
  VmBackground,
} from "./client/vm-background.ts";
export { type TerminalOptions, VmTerminals } from "./client/vm-terminals.ts";
export { type ReadFileOptions, VmFiles, type WriteFileOptions } from "./client/vm-files.ts";
export { type CreateOptions, GiB, MiB, type VmFilter, type VmRequest, Vms } from "./client/vms.ts";
export type { CopyInOptions, CopyMode, CopyOut, CopyOutOptions } from "./copy.ts";
export type { StreamChanged, StreamGap, StreamHello, StreamVm, VmEvent } from "./event-shapes.ts";
export type { EventRange, HostEvent, TimelineRange } from "./event-stream.ts";
export type {
  FsEntry,
  MkdirOptions,
  WatchEvent,
  WatchEventType,
  WatchOptions,
} from "./guest-files.ts";
export { type ForwardSpec, type LocalAddress, parseForwardSpec } from "./forward-spec.ts";
export type { ShellOptions } from "./host-api.ts";
export type * from "./image-shapes.ts";
export type { ForkChild, ForkReceipt, LiveForked } from "./live-fork.ts";
export type { Group, HostMeters, HostSample, HostState, VmMeters } from "./native-host-shapes.ts";
export type {
  Pool,
  Template,
  TemplateList,
  TemplateWork,
  VmAction,
  VmDetails,
  VmSummary,
} from "./native-shapes.ts";
export type { NetworkOverride, TagChange, VmLogs } from "./resources.ts";
export type { NetworkPolicy, VmDescription } from "./vm-description.ts";
export type { SecretOwnership } from "./secrets.ts";
export { ShellSession, type TerminalSize } from "./shell.ts";
export { type TerminalEvent, TerminalSession } from "./terminal-session.ts";
export type { NewTerminal, Terminal } from "./terminal-shapes.ts";
export type { Content } from "./wire.ts";
