/** Names of what is kept in `queries`: one place, so that events find what they change. */

export const KEYS = {
  session: ["session"],
  host: ["host"],
  hostMeters: ["host-meters"],
  groups: ["groups"],
  vms: ["vms"],
  vm: (hostname: string) => ["vm", hostname],
  vmEvents: (hostname: string) => ["vm-events", hostname],
  vmMeters: (hostname: string) => ["vm-meters", hostname],
  terminals: (hostname: string) => ["terminals", hostname],
  /** what is still known of one that is deleted */
  goneVm: (hostname: string) => ["gone-vm", hostname],
  fileText: (hostname: string, path: string) => ["file-text", hostname, path],
  files: (hostname: string, path: string) => ["files", hostname, path],
  filesOf: (hostname: string) => ["files", hostname],
  events: ["events"],
  images: ["images"],
  templates: ["templates"],
  pools: ["pools"],
  secrets: ["secrets"],
  commits: ["commits"],
  openApi: ["openapi"],
  /** the node itself, and what lists and figures of it begin with */
  aleph: ["aleph"],
  alephUsage: ["aleph", "usage"],
  alephConfig: ["aleph", "config"],
  alephExecutions: ["aleph", "executions"],
  /** without a hash: of all */
  alephExecution: (hash?: string) => ["aleph-execution", ...(hash === undefined ? [] : [hash])],
} as const;
