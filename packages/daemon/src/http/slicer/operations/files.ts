/** Files of guests: what the OpenAPI document says of them. */

import { Type } from "typebox";

import { json, type Operations, plainText } from "../../operation.ts";
import { FileEntry } from "../work-shapes.ts";
import { BYTES, NO_GUEST, PATH, USER } from "./guest-words.ts";

export const fileOperations: Operations = {
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
      ...USER,
      path: PATH,
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
      ...USER,
      path: PATH,
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
    parameters: { path: PATH },
    answers: { 200: json(FileEntry, "It") },
    refusals: [400, ...NO_GUEST],
  },
  "GET /vm/:hostname/fs/readdir": {
    id: "readDirectory",
    summary: "What is in a directory",
    requires: ["path"],
    parameters: { path: PATH },
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
    parameters: { path: PATH, recursive: "true: with all that is in it" },
    answers: { 200: plainText("It is gone") },
    refusals: [400, ...NO_GUEST],
  },
};
