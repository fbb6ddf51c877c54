/** The shapes of answers about work in guests, for the OpenAPI document, as in `shapes.ts`. */

import { Type } from "typebox";

import { Bytes, Time } from "./shapes.ts";

const Count = Type.Integer({ minimum: 0 });
const Texts = Type.Array(Type.String());
const Maybe = Type.Optional;
const Pid = Type.Integer({ minimum: 1 });

export const ExecFrame = Type.Object({
  timestamp: Time,
  type: Maybe(Type.String({ description: "started, stdout, stderr, exit" })),
  pid: Maybe(Type.Integer({ minimum: 1 })),
  started_at: Maybe(Time),
  ended_at: Maybe(Time),
  stdout: Type.String(),
  stderr: Type.String(),
  encoding: Maybe(Type.String({ description: "base64 where the text is that" })),
  exit_code: Type.Integer({ description: "0 until the last frame" }),
  signal: Maybe(Type.String()),
  error: Maybe(Type.String({ description: "why it could not be started, or was cut off" })),
});

export const Executed = Type.Object({
  stdout: Type.String(),
  stderr: Type.String(),
  exit_code: Type.Integer(),
  pid: Maybe(Type.Integer({ minimum: 1 })),
  signal: Maybe(Type.String()),
  encoding: Maybe(Type.String({ description: "base64 where the text is that" })),
  error: Maybe(Type.String({ description: "why it could not be started" })),
});

export const BackgroundStarted = Type.Object({
  exec_id: Type.String({ description: "ex_ and hexadecimal digits; never given twice" }),
  pid: Pid,
  started_at: Time,
  ring_bytes: Bytes,
});

const Ending = {
  exit_code: Maybe(Type.Integer()),
  signal: Maybe(Type.String()),
  ended_at: Maybe(Time),
};

export const BackgroundExec = Type.Object({
  ...BackgroundStarted.properties,
  command: Type.String(),
  args: Texts,
  cwd: Type.String(),
  uid: Count,
  running: Type.Boolean(),
  ...Ending,
  bytes_written: Bytes,
  bytes_dropped: Bytes,
  next_id: Type.Integer({ minimum: 1, description: "what the next frame will have" }),
});

export const BackgroundKilled = Type.Object({
  exec_id: Type.String(),
  pid: Pid,
  running: Type.Boolean({ description: "whether it ran, and so was signalled" }),
  signal_sent: Type.String({ description: "such as SIGTERM; empty when it had ended" }),
});

export const BackgroundWaited = Type.Object({
  exec_id: Type.String(),
  running: Type.Boolean(),
  ...Ending,
  timed_out: Type.Boolean(),
});

export const BackgroundReaped = Type.Object({ exec_id: Type.String(), reaped: Type.Boolean() });

export const LogFrame = Type.Object({
  ...ExecFrame.properties,
  id: Type.Integer({ minimum: 1 }),
  dropped_bytes: Maybe(Bytes),
  dropped_frames: Maybe(Count),
  message: Maybe(Type.String({ description: "of a gap: what is missing" })),
});

export const FileEntry = Type.Object({
  name: Type.String({ description: "base name" }),
  type: Type.String({ description: "file, directory, symlink, other" }),
  size: Bytes,
  mtime: Time,
  mode: Type.String({ description: "octal, such as 0644" }),
  uid: Maybe(Count),
  gid: Maybe(Count),
});
