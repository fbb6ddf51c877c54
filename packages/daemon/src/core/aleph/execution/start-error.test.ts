import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveError } from "#core/errors.ts";

import { Refusal } from "../refusal.ts";
import { pythonText, reprOf, StartError } from "./start-error.ts";

test("start error: failures have the names that the network knows", () => {
  const capacity = { resource: "memory", needed: 2, available: 1 } as const;
  const said = [
    new StartError("MicroVMFailedInitError", ""),
    new AlcoveError("no_capacity", "The host is full", capacity),
    new AlcoveError("hypervisor_failed", "secret path", { hypervisor: "qemu" }),
    new Refusal("not found", "No file abc"),
    new Refusal("too large", "It is too large"),
    new Refusal("bad request", "The parent is no disk"),
    new Refusal("failed", "something inside"),
    new Error("something inside"),
    "text",
  ].map(reprOf);

  assert.deepEqual(said, [
    "MicroVMFailedInitError()",
    "InsufficientResourcesError('The host is full')",
    "MicroVMFailedInitError()",
    "ResourceDownloadError('No file abc')",
    "FileTooLargeError('It is too large')",
    "VmSetupError('The parent is no disk')",
    "Exception('Unhandled Error')",
    "Exception('Unhandled Error')",
    "Exception('Unhandled Error')",
  ]);
});

test("start error: texts are written as Python writes them", () => {
  const written = ["plain", "it's", `both ' and "`, "a\\b\n\t\r\u0000\u007fé"].map(pythonText);
  assert.deepEqual(written, [
    "'plain'",
    `"it's"`,
    `'both \\' and "'`,
    "'a\\\\b\\n\\t\\r\\x00\\x7fé'",
  ]);
});
