/** What `/v1/events` tells, spelled out as `native-shapes.ts` does the rest. Times as RFC 3339. */

import type { VmSummary } from "./native-shapes.ts";

/** Something that happened to a VM. */
export interface VmEvent {
  /** rising; numbers may be left out */
  id: number;
  at: string;
  vm_id: string;
  hostname: string;
  /** what was asked or reported: "start", "booted", "crashed", … */
  input: string;
  /** the phase that followed */
  phase: string;
  reason?: string;
}

/** The first of a stream. */
export interface StreamHello {
  /** of the newest event; 0 when there was none */
  id: number;
  /** the daemon's */
  version: string;
  started_at: string;
}

/** Some of what was missed is not kept any more: what is shown must be fetched anew. */
export interface StreamGap {
  /** id of the oldest event that is kept */
  oldest: number;
  /** the stream goes on behind this event */
  id: number;
}

/** A VM's phase has changed. */
export interface StreamVm extends VmEvent {
  /** as it is when this is sent; `null`: it is gone */
  vm: VmSummary | null;
}

/** Something that a list shows has changed, and no phase with it. */
export interface StreamChanged {
  what: "vm" | "templates" | "images" | "secrets" | "commits" | "pools" | "aleph";
  /** which one: a VM's host name, say; absent: any of them */
  name?: string;
  /** of a VM with a name: as it is when this is sent; `null`: it is gone */
  vm?: VmSummary | null;
}
