/** What Alcove's daemon and its clients agree on beyond Slicer's own words. */
export { type ApiErrorCode, ERROR_CODES } from "./error-code.ts";
export {
  AlephAction,
  AlephCheck,
  AlephConfig,
  AlephDone,
  AlephExecution,
  AlephExecutionDetails,
  AlephLogLine,
  AlephNode,
  AlephRun,
  AlephSignIn,
  AlephUsage,
} from "./native-aleph.ts";
export { ConsoleQuery } from "./native-console.ts";
export {
  EventQuery,
  StreamChanged,
  StreamGap,
  StreamHello,
  StreamVm,
  VmEvent,
  VmEventQuery,
} from "./native-events.ts";
export { ForkAnswer, ForkRequest, Receipt } from "./native-fork.ts";
export { Group } from "./native-groups.ts";
export {
  Image,
  ImageList,
  ImageOrder,
  ImageRecipe,
  ImageWork,
  ImportableDisk,
  RemovedImage,
} from "./native-images.ts";
export { HostMeters, HostSample, MeterQuery, VmMeters } from "./native-meters.ts";
export { Pool } from "./native-pools.ts";
export { Session, SignIn, SignInCode } from "./native-session.ts";
export { Template, TemplateList, TemplateOrder, TemplateWork } from "./native-templates.ts";
export {
  NewTerminal,
  Terminal,
  TerminalNotice,
  TerminalOrder,
  TerminalRequest,
} from "./native-terminals.ts";
export {
  Origin,
  VmAction,
  VmDetails,
  VmListQuery,
  VmMemory,
  VmStart,
  VmSummary,
} from "./native-vms.ts";
export { HostState } from "./native-host.ts";
