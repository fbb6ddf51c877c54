/** Programs in guests, awaited or in the background: what the OpenAPI document says of them. */

import { Type } from "typebox";

import { json, type Operations } from "../../operation.ts";
import {
  BackgroundExec,
  BackgroundKilled,
  BackgroundReaped,
  BackgroundStarted,
  BackgroundWaited,
  ExecFrame,
  Executed,
  LogFrame,
} from "../work-shapes.ts";
import { BYTES, NO_GUEST, USER } from "./guest-words.ts";

export const programOperations: Operations = {
  "POST /vm/:hostname/exec": {
    id: "exec",
    summary: "Run a command",
    description:
      "The body is the command's standard input, and may be sent while output comes back. A start that fails is an answer about the command: 200 with `error` and `exit_code`.",
    requires: ["cmd"],
    parameters: {
      ...USER,
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
};
