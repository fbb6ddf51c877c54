/** Work inside guests: what the OpenAPI document says of it. */

import { Type } from "typebox";

import { json, type Operations, plainText } from "../../operation.ts";
import {
  BackgroundExec,
  BackgroundKilled,
  BackgroundReaped,
  BackgroundStarted,
  BackgroundWaited,
  ExecFrame,
  Executed,
  FileEntry,
  LogFrame,
} from "../shapes.ts";

const BYTES = Type.Unsafe<unknown>({
  type: "string",
  contentMediaType: "application/octet-stream",
});

const user = {
  uid: "user id; 4294967295: the guest's default user",
  gid: "group id; 4294967295: that of the user",
};
const path = "in the guest; `~` is a home";
/** nobody of that name, not in this phase, nobody who answers, or not possible there */
const NO_GUEST = [404, 409, 501, 503];
const switched = {
  description:
    "A WebSocket (RFC 6455) without extensions and subprotocols. A request that asks for no upgrade is 400.",
};

export const guestOperations: Operations = {
  "POST /vm/:hostname/exec": {
    id: "exec",
    summary: "Run a command",
    description:
      "The body is the command's standard input, and may be sent while output comes back. A start that fails is an answer about the command: 200 with `error` and `exit_code`.",
    requires: ["cmd"],
    parameters: {
      ...user,
      cmd: "the program, or a line for the shell",
      args: "its arguments, one a parameter; with arguments nothing is interpreted by a shell",
      cwd: "where it runs; default: the user's home",
      shell: "runs cmd; empty: none does",
      stdin: "true: the body is its input",
      stdout: "false: leaves it out",
      stderr: "false: leaves it out",
      env: "KEY=VALUE, one a parameter",
      stdio: "text (default) or base64",
      buffered: "true: one object when it has ended, at most 16 MiB of output",
      background:
        "true: it goes on without the client; without uid as the default user, without shell nothing is interpreted",
      ring_bytes: "background: how much of its output is kept; default 1048576",
    },
    body: {
      description: "standard input, read when stdin is true",
      content: { "application/octet-stream": BYTES },
    },
    answers: {
      200: {
        description: "One frame a line, each ended by a newline; buffered: one object",
        content: { "application/x-ndjson": ExecFrame, "application/json": Executed },
      },
      201: json(BackgroundStarted, "It runs in the background"),
    },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vm/:hostname/exec": {
    id: "listBackground",
    summary: "Programs in the background, also those that have ended and were not reaped",
    answers: { 200: json(Type.Array(BackgroundExec), "Oldest first") },
    refusals: NO_GUEST,
  },
  "GET /vm/:hostname/exec/:id": {
    id: "getBackground",
    summary: "One program in the background",
    answers: { 200: json(BackgroundExec, "It") },
    refusals: [410, ...NO_GUEST],
  },
  "GET /vm/:hostname/exec/:id/logs": {
    id: "getBackgroundLogs",
    summary: "What a program in the background wrote",
    description:
      "Frames are numbered from 1. Output that is not kept any more is one frame of type gap, with the number of the last one that is missing.",
    parameters: {
      follow: "true: until its end, not only what there is",
      from_id: "the first frame that is wanted; one that is to come is waited for when following",
    },
    answers: {
      200: {
        description: "One frame a line, each ended by a newline",
        content: { "application/x-ndjson": LogFrame },
      },
    },
    refusals: [400, 410, ...NO_GUEST],
  },
  "POST /vm/:hostname/exec/:id/kill": {
    id: "killBackground",
    summary: "Signal a program in the background and its group",
    description:
      "signal: TERM (default), KILL, INT, HUP, QUIT, USR1, USR2, also with SIG. After TERM, what is left is killed when grace_ms have passed (default 5000).",
    answers: { 200: json(BackgroundKilled, "It was signalled, or had ended") },
    refusals: [400, 410, 413, ...NO_GUEST],
  },
  "GET /vm/:hostname/exec/:id/wait-exit": {
    id: "waitForBackground",
    summary: "Wait for the end of a program in the background",
    parameters: { timeout: "whole seconds, at most 600 of them; 0 or absent: 30" },
    answers: { 200: json(BackgroundWaited, "It has ended, or the time is over") },
    refusals: [400, 410, ...NO_GUEST],
  },
  "DELETE /vm/:hostname/exec/:id": {
    id: "reapBackground",
    summary: "Forget a program in the background that has ended",
    answers: { 200: json(BackgroundReaped, "Nothing of it is kept") },
    refusals: [410, ...NO_GUEST],
  },
  "GET /vm/:hostname/fs/watch": {
    id: "watch",
    summary: "What changes in the guest's file system",
    description:
      "Server-Sent Events named watch, whose data is JSON: id, type (create, write, remove, rename, chmod, or overflow when changes were lost), path, timestamp, size, isDir, message. A comment when everything is watched, and every 15 s in which nothing changes.",
    requires: ["paths"],
    parameters: {
      paths: "files and directories, one a parameter",
      patterns: "only these paths, or base names for patterns without a slash",
      events: "create, write, remove, rename, chmod or all (default), one a parameter",
      recursive: "true: also below, now and later",
      one_shot: "true: ends after the first change",
      debounce: "the same change is told once in this time, as a Go duration; default 200ms",
      timeout: "ends after this time, as a Go duration; default: never",
      max_events: "ends after so many; 0: never",
      uid: "whose `~` it is",
    },
    headers: Type.Object({
      "last-event-id": Type.Optional(
        Type.String({ description: "a number; nothing is told again" }),
      ),
    }),
    answers: {
      200: {
        description: "One event for each change",
        content: { "text/event-stream": { type: "string" } },
      },
    },
    refusals: [400, ...NO_GUEST],
  },
  "POST /vm/:hostname/cp": {
    id: "copyIn",
    summary: "Copy a file or a directory into the guest",
    description: "Missing parents are made. It is complete or leaves no trace.",
    requires: ["path"],
    parameters: {
      ...user,
      path,
      mode: "binary (a file), tar (a directory), cp-v1-binary, cp-v1-tar (placed as `cp -r` does)",
      permissions: "octal, such as 0644",
      source_name: "cp-v1: base name of what is copied",
      source_type: "cp-v1: file or directory",
      copy_contents: "cp-v1: true: what is in the directory, not the directory",
      exclude: "patterns that the client has applied already",
    },
    headers: Type.Object({
      "x-slicer-unpacked-size": Type.Optional(
        Type.String({ description: "bytes of all files: refused early if they cannot fit" }),
      ),
    }),
    body: {
      description: "the file's bytes, or an uncompressed tar archive",
      content: { "application/octet-stream": BYTES, "application/x-tar": BYTES },
    },
    answers: { 200: plainText("It is there") },
    refusals: [400, 413, ...NO_GUEST],
  },
  "GET /vm/:hostname/cp": {
    id: "copyOut",
    summary: "Copy a file or a directory out of the guest",
    description:
      "What fails in the middle breaks the connection: an answer that ends well is whole.",
    requires: ["path"],
    parameters: {
      ...user,
      path,
      mode: "binary, tar, cp-v1-binary, cp-v1-tar, cp-v1-recursive; default: as Accept says",
      exclude: "patterns of names to leave out",
    },
    answers: {
      200: {
        description: "The file's bytes, or an uncompressed tar archive with clean relative names",
        content: { "application/octet-stream": BYTES, "application/x-tar": BYTES },
        headers: {
          "X-Slicer-File-Mode": "of a file: octal, such as 0644",
          "X-Slicer-Source-Type": "cp-v1: file or directory",
          "X-Slicer-Source-Name-Base64": "cp-v1: base name, as base64url without padding",
        },
      },
    },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vm/:hostname/fs/stat": {
    id: "stat",
    summary: "What is at a path; of a symbolic link, the link itself",
    requires: ["path"],
    parameters: { path },
    answers: { 200: json(FileEntry, "It") },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vm/:hostname/fs/readdir": {
    id: "readDirectory",
    summary: "What is in a directory",
    requires: ["path"],
    parameters: { path },
    answers: { 200: json(Type.Array(FileEntry), "In no order") },
    refusals: [400, ...NO_GUEST],
  },
  "POST /vm/:hostname/fs/mkdir": {
    id: "makeDirectory",
    summary: "Make a directory",
    needsBody: true,
    answers: { 200: plainText("It is there") },
    refusals: [400, 413, ...NO_GUEST],
  },
  "DELETE /vm/:hostname/fs/remove": {
    id: "remove",
    summary: "Remove a file or a directory",
    requires: ["path"],
    parameters: { path, recursive: "true: with all that is in it" },
    answers: { 200: plainText("It is gone") },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vm/:hostname/shell": {
    id: "openShell",
    summary: "A terminal",
    description:
      "Binary messages of one frame each: a byte for its type, four for the length of the payload (big-endian), the payload. 1: data, both ways. 2: size, to the guest: columns and rows, four bytes each. 3: shutdown. 4: heartbeat, ignored. 5: the session has ended, from the guest. No message is longer than 32768 bytes.",
    parameters: { ...user, shell: "default: the user's own", cwd: "default: the user's home" },
    answers: { 101: switched },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vm/:hostname/forward": {
    id: "openForward",
    summary: "A connection inside the guest",
    description:
      "Binary messages whose bounds mean nothing. Closed with 1000 when the target sends no more, with 1011 when its connection breaks, with 1003 after a text message.",
    headers: Type.Object({
      "x-inlets-upstream": Type.String({
        description: "host:port, [address]:port or unix:/path, as seen from inside the guest",
      }),
      "x-inlets-mode": Type.Optional(Type.String({ description: "local; not looked at" })),
    }),
    answers: { 101: switched },
    refusals: [400, 502, ...NO_GUEST],
  },
};
