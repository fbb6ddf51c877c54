/** What an Aleph node refuses, as this command tells it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EXIT } from "../exit-codes.ts";
import { type Asked, refusalFrom } from "./refusals.ts";

const NODE = new URL("http://crn.example:4020");
const NOBODY: Asked = { node: NODE, credentials: { kind: "nobody", reason: "not signed in" } };

const REFUSALS: readonly (readonly [status: number, text: string, says: RegExp, exit: number])[] = [
  [400, '{"error": "404: VM not found"}', /^VM not found$/, EXIT.notFound],
  [400, '{"error": "VM must be running to create backup"}', /^VM must be running/, EXIT.wrongState],
  [401, '{"error": "Token expired"}', /^Token expired$/, EXIT.notAllowed],
  [400, '{"error": "Invalid X-SignedOperation fields"}', /X-SignedOperation/, EXIT.notAllowed],
  [400, '{"error": "Missing X-SignedPubKey header"}', /Missing/, EXIT.notAllowed],
  [400, '{"error": "400: Invalid payment method"}', /^Invalid payment method$/, EXIT.usage],
  [
    402,
    '{"error": "Insufficient\\n\\nRequired: 3"}',
    /^Insufficient Required: 3$/,
    EXIT.notAllowed,
  ],
  [503, '{"error": "This CRN cannot host the requested instance"}', /cannot host/, EXIT.noCapacity],
  [503, '{"error": "Server is draining"}', /draining/, EXIT.wrongState],
  [403, "Unauthorized sender", /^Unauthorized sender$/, EXIT.notAllowed],
  [507, "No space left", /^No space left$/, EXIT.noCapacity],
  [400, '{"code": "vm_running", "description": "It runs"}', /^It runs$/, EXIT.usage],
  [
    400,
    '{"status": "error", "error": "Failed", "reason": "no GPU"}',
    /^Failed: no GPU$/,
    EXIT.usage,
  ],
  [400, '[{"loc": ["persistent_vms", 0], "msg": "no"}]', /^persistent_vms\.0: no$/, EXIT.usage],
  [
    400,
    '"[{\\"loc\\": [\\"instance\\"], \\"msg\\": \\"Field required\\"}]"',
    /^instance: F/,
    EXIT.usage,
  ],
  [500, "", /^The node answered 500$/, EXIT.failed],
  [500, '{"error": "a\\u001b[2Jb"}', /^a\[2Jb$/, EXIT.failed],
];

for (const [status, text, says, exitCode] of REFUSALS) {
  test(`refusals of an Aleph node: ${status} ${text || "without a word"} is a sentence`, () => {
    const failure = refusalFrom({ status, text, server: "aleph-vm/1.13.0" }, NOBODY);
    assert.match(failure.message, says);
    assert.equal(failure.exitCode, exitCode);
  });
}

test("refusals of an Aleph node: a wrong name comes with the right one, whatever stands in front of it", () => {
  const words = "Invalid domain: Signed: 'localhost' != Request: 'crn.org'";
  const refused = refusalFrom(
    { status: 401, text: JSON.stringify({ error: words }), server: "" },
    NOBODY,
  );
  assert.match(
    refused.advice ?? "",
    /--node http:\/\/crn\.org:4020, or name localhost in its ALEPH_VM_/,
  );
});

test("refusals of an Aleph node: another server is told from a node", () => {
  for (const text of ["<html>", '{"error": "A token is needed", "code": "unauthenticated"}']) {
    const failure = refusalFrom({ status: 401, text, server: "nginx" }, NOBODY);
    assert.match(failure.message, /^Something answers at http:\/\/crn\.example:4020, and it is no/);
  }
});

test("refusals of an Aleph node: what is to be done is said", () => {
  const advices: readonly (readonly [words: string, advice: RegExp])[] = [
    ["404: VM not found", /list --all.* reboot HASH/],
    ["VM must be running to create backup", /reboot HASH/],
    ["Uploaded file is not a valid QCOW2 disk image", /tar xf BACKUP rootfs\.qcow2/],
    ["Invalid timeout duration", /ten days/],
  ];
  for (const [words, advice] of advices) {
    const answer = { status: 400, text: JSON.stringify({ error: words }), server: "aleph-vm/1" };
    assert.match(refusalFrom(answer, NOBODY).advice ?? "", advice);
  }
});
