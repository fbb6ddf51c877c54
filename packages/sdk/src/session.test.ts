import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveApiError } from "./api-error.ts";
import { withClient } from "./testing/with-host.ts";

test("session: whether one is signed in, and becoming it", async () => {
  await withClient({}, async (client, host) => {
    const before = await client.session.get();
    assert.deepEqual(before, { signIn: "needed", signedIn: false });
    const session = await client.session.signIn({ token: "right" });
    assert.deepEqual([session.signedIn, session.expiresAt], [true, "2026-01-02T15:04:05Z"]);
    await client.session.signOut();
    const code = await client.session.code();
    assert.deepEqual(code, {
      code: "once-only",
      expiresAt: "2026-01-02T03:04:05Z",
      consoleUrl: "http://127.0.0.1:8080/ui/",
    });
    assert.deepEqual(
      host.seen.map(({ method, path }) => `${method} ${path}`),
      ["GET /v1/session", "POST /v1/session", "DELETE /v1/session", "POST /v1/session/codes"],
    );
  });
});

test("session: a wrong token is told as what it is", async () => {
  await withClient({}, async (client) => {
    await assert.rejects(client.session.signIn({ token: "wrong" }), isRefusal);
    await assert.rejects(client.session.signIn({ code: "used" }), isRefusal);
  });
});

function isRefusal(error: unknown): boolean {
  return error instanceof AlcoveApiError && error.code === "unauthenticated";
}
