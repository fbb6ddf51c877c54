import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";

import { SecretBytes } from "./secret-bytes.ts";

test("secret bytes: no way of printing them shows them, and one way reads them", () => {
  const bytes = Buffer.from("hunter2-hunter2");
  const secret = new SecretBytes(bytes);
  const holder = { secret, list: [secret], error: new Error("x", { cause: secret }) };
  const shown = [
    String(secret),
    "".concat(...[secret].map(String)),
    JSON.stringify(holder),
    inspect(holder, { depth: 9, showHidden: true }),
    format("%s %o %j", secret, secret, secret),
    JSON.stringify(Object.entries(secret)),
    Object.keys(secret).join(),
  ].join("\n");
  for (const form of [
    bytes.toString(),
    bytes.toString("base64"),
    bytes.toString("hex"),
    "68, 117",
  ]) {
    assert.ok(!shown.includes(form), `${form} in ${shown}`);
  }
  assert.match(shown, /\[secret\]/);
  assert.deepEqual([secret.reveal(), secret.sizeBytes], [bytes, 15]);
});
