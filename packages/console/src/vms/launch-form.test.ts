import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY_FORM, requestOf } from "./launch-form.ts";

test("launch form: what is left empty is the group's", () => {
  assert.deepEqual(requestOf(EMPTY_FORM, { network: "user" }), { persistent: false });
});

test("launch form: sizes are in bytes, lists have each once", () => {
  const form = {
    ...EMPTY_FORM,
    cpus: "2",
    memoryMib: "512",
    tags: "web, web name=shop",
    sshKeys: " ssh-ed25519 AAAA me \n\nssh-rsa BBBB you",
    secrets: [],
    allow: "10.0.0.0/8",
  };
  assert.deepEqual(requestOf(form, { network: "isolated" }), {
    persistent: false,
    cpus: 2,
    ramBytes: 2 ** 29,
    tags: ["web", "name=shop"],
    secrets: [],
    sshKeys: ["ssh-ed25519 AAAA me", "ssh-rsa BBBB you"],
    network: { allow: ["10.0.0.0/8"] },
  });
  assert.equal(requestOf(form, { network: "bridge" }).network, undefined);
});
