/** Work inside guests: what the OpenAPI document says of it. */

import { Type } from "typebox";

import { json, type Operations, plainText } from "../../operation.ts";
import { ExecFrame, Executed, FileEntry } from "../shapes.ts";

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
      background: "true: it runs on by itself",
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
