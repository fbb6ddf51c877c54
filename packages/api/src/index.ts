/** What Alcove's daemon and its clients agree on beyond Slicer's own words. */
export { type ApiErrorCode, ERROR_CODES } from "./error-code.ts";
export { ForkAnswer, ForkRequest, Receipt } from "./native-fork.ts";
export { Pool } from "./native-pools.ts";
export { Template, TemplateList, TemplateOrder, TemplateWork } from "./native-templates.ts";
export { Origin, VmAccount, VmDetails, VmMemory, VmStart } from "./native-vms.ts";
export { EventQuery, HostState, VmEvent } from "./native.ts";
