/** What the API says of background commands, in its own words. */

import { type Resource, resource } from "./resource.ts";

export interface StartedBackground {
  /** begins with `ex_` */
  readonly exec_id: string;
  readonly pid: number;
  /** RFC 3339 */
  readonly started_at: string;
  readonly ring_bytes: number;
}

export interface BackgroundInfo {
  readonly exec_id: string;
  readonly pid: number;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly cwd?: string;
  readonly uid?: number;
  /** RFC 3339 */
  readonly started_at: string;
  readonly running: boolean;
  /** absent or null while it runs */
  readonly exit_code?: number | null;
  readonly signal?: string;
  readonly ended_at?: string;
  readonly bytes_written: number;
  readonly bytes_dropped: number;
  /** id that the next frame will have */
  readonly next_id: number;
  readonly ring_bytes: number;
}

export interface KilledBackground {
  readonly exec_id: string;
  readonly pid: number;
  /** false when it had ended already */
  readonly running: boolean;
  readonly signal_sent: string;
}

export interface BackgroundEnd {
  readonly exec_id: string;
  readonly running: boolean;
  readonly exit_code?: number | null;
  readonly signal?: string;
  readonly ended_at?: string;
  /** it had not ended when the time was over */
  readonly timed_out: boolean;
}

export interface ReapedBackground {
  readonly exec_id: string;
  readonly reaped: boolean;
}

export const STARTED_BACKGROUND: Resource<StartedBackground> = resource<StartedBackground>(
  "background command",
  {
    exec_id: "string",
    pid: "number",
    started_at: "string",
    ring_bytes: "number",
  },
);

export const BACKGROUND_INFO: Resource<BackgroundInfo> = resource<BackgroundInfo>(
  "background command",
  {
    exec_id: "string",
    pid: "number",
    command: "string",
    args: "strings?",
    cwd: "string?",
    uid: "number?",
    started_at: "string",
    running: "boolean",
    exit_code: "number?",
    signal: "string?",
    ended_at: "string?",
    bytes_written: "number",
    bytes_dropped: "number",
    next_id: "number",
    ring_bytes: "number",
  },
);

export const KILLED_BACKGROUND: Resource<KilledBackground> = resource<KilledBackground>(
  "answer to a kill",
  {
    exec_id: "string",
    pid: "number",
    running: "boolean",
    signal_sent: "string",
  },
);

export const BACKGROUND_END: Resource<BackgroundEnd> = resource<BackgroundEnd>(
  "end of a background command",
  {
    exec_id: "string",
    running: "boolean",
    exit_code: "number?",
    signal: "string?",
    ended_at: "string?",
    timed_out: "boolean",
  },
);

export const REAPED_BACKGROUND: Resource<ReapedBackground> = resource<ReapedBackground>(
  "answer to a removal",
  {
    exec_id: "string",
    reaped: "boolean",
  },
);
