/** What Slicer's Go SDK decodes of commands, files, secrets and errors. */

import {
  count,
  flag,
  list,
  matching,
  text,
  time,
} from "../../packages/daemon/src/testing/strict-json.ts";
import { struct } from "./go-struct.ts";

/** one line of a streamed command */
export const frame = struct(
  {
    timestamp: time,
    type: text,
    pid: count,
    encoding: text,
    data: text,
    started_at: time,
    ended_at: time,
    signal: text,
    stdout: text,
    stderr: text,
    exit_code: count,
    error: text,
    id: count,
    dropped_bytes: count,
    dropped_frames: count,
    message: text,
  },
  "timestamp",
  "exit_code",
);

export const result = struct(
  {
    stdout: text,
    stderr: text,
    encoding: text,
    pid: count,
    signal: text,
    exit_code: count,
    error: text,
  },
  "stdout",
  "stderr",
  "exit_code",
);

export const backgroundStart = struct(
  { exec_id: matching(/^ex_./), pid: count, started_at: time, ring_bytes: count },
  "exec_id",
  "pid",
  "started_at",
  "ring_bytes",
);

export const backgroundInfo = struct(
  {
    exec_id: matching(/^ex_./),
    pid: count,
    command: text,
    args: list(text),
    cwd: text,
    uid: count,
    started_at: time,
    running: flag,
    exit_code: count,
    signal: text,
    ended_at: time,
    bytes_written: count,
    bytes_dropped: count,
    next_id: count,
    ring_bytes: count,
  },
  "exec_id",
  "pid",
  "command",
  "started_at",
  "running",
  "bytes_written",
  "bytes_dropped",
  "next_id",
  "ring_bytes",
);
export const backgroundInfos = list(backgroundInfo);

export const killed = struct(
  { exec_id: text, pid: count, running: flag, signal_sent: text },
  "exec_id",
  "running",
  "signal_sent",
);

export const waited = struct(
  { exec_id: text, running: flag, exit_code: count, signal: text, ended_at: time, timed_out: flag },
  "exec_id",
  "running",
  "timed_out",
);

export const reaped = struct({ exec_id: text, reaped: flag }, "exec_id", "reaped");

export const fileChange = struct(
  { id: count, type: text, path: text, timestamp: time, size: count, isDir: flag, message: text },
  "id",
  "type",
  "path",
  "timestamp",
  "size",
  "isDir",
);

export const fileInfo = struct(
  { name: text, type: text, size: count, mtime: time, mode: matching(/^[0-7]{4}$/) },
  "name",
  "type",
  "size",
  "mtime",
  "mode",
);
export const fileInfos = list(fileInfo);

export const secrets = list(
  struct(
    {
      name: text,
      size: count,
      permissions: matching(/^[0-7]+$/),
      uid: count,
      gid: count,
      mod_time: time,
      modified_at: time,
    },
    "name",
    "size",
    "permissions",
    "mod_time",
    "modified_at",
  ),
);

export const problem = struct({ error: matching(/./), code: text }, "error");
