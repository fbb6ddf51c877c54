import assert from "node:assert/strict";
import { test } from "node:test";

import { SetClock } from "#testing/aleph-signers.ts";

import { LoginSecret } from "./login-secret.ts";
import { Presigned } from "./presigned.ts";

const vmHash = "deca".repeat(16);
const backup = { vmHash, backupId: `${vmHash}-x` };
const SIGNATURE = "04ff89bca7b123fe10f54a8298de7c7e4e13b53eeb09d624bfe339cb874ff912";

function presigned(secret = "sekret"): { readonly links: Presigned; readonly clock: SetClock } {
  const clock = new SetClock("2025-06-01T12:00:00.500Z");
  return { links: new Presigned({ secret: new LoginSecret(secret), clock }), clock };
}

test("presigned: the network's own link holds", () => {
  presigned().links.demand(backup, { signature: SIGNATURE, expires: "9999999999" });
});

test("presigned: a link holds for a day, for its backup, its VM and its secret", () => {
  const { links, clock } = presigned();
  const { expires, signature } = links.issue(backup);
  assert.equal(expires, 1_748_779_200 + 86_400);
  const query = { signature, expires: String(expires) };
  links.demand(backup, query);
  const wrong = { kind: "forbidden", message: "Invalid signature" };
  assert.throws(() => links.demand({ ...backup, backupId: "other" }, query), wrong);
  assert.throws(() => links.demand({ ...backup, vmHash: "beef" }, query), wrong);
  assert.throws(() => presigned("other").links.demand(backup, query), wrong);
  assert.throws(() => links.demand(backup, { ...query, expires: `${expires + 1}` }), wrong);
  clock.ms += 86_400_000;
  const expired = { kind: "forbidden", message: "Download link has expired" };
  assert.throws(() => links.demand(backup, query), expired);
});

test("presigned: both parameters are needed", () => {
  const expected = { kind: "forbidden", message: "Missing signature or expires parameter" };
  const { links } = presigned();
  for (const query of [
    {},
    { signature: "", expires: "1" },
    { signature: SIGNATURE, expires: "" },
    { expires: "1" },
  ])
    assert.throws(() => links.demand(backup, query), expected);
});

for (const expires of ["x", "-1", "1.5", "1e9", "9".repeat(16), " 1"]) {
  test(`presigned: "${expires}" is no time`, () => {
    const expected = { kind: "bad request", message: "Invalid expires parameter" };
    const query = { signature: SIGNATURE, expires };
    assert.throws(() => presigned().links.demand(backup, query), expected);
  });
}
