/** Nobody gets in with anything that was changed after it was signed, wherever and however. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  assert as assertProperty,
  asyncProperty,
  constantFrom,
  integer,
  nat,
  string,
  uint8Array,
} from "fast-check";

import {
  CLOSED_AUTH,
  NO_EARLIER_RUN,
  NODE_DOMAIN,
  SetClock,
  allocationFacts,
  allocationHeader,
  ethereumWallet,
  operatorFacts,
  shortLivedKey,
  signedParts,
  solanaWallet,
  type SignedPart,
} from "#testing/aleph-signers.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import { Refusal } from "../refusal.ts";
import { Door, type DoorKind } from "./door.ts";
import vectors from "./fixtures/vectors.json" with { type: "json" };
import type { RequestFacts } from "./request-facts.ts";

const RUNS = { numRuns: 250 };
const BODY = '{"persistent_vms": [], "instances": []}';
const clock = new SetClock(vectors.clock);
const key = shortLivedKey();

const signers = [ethereumWallet(vectors.keys.WA), solanaWallet(vectors.keys.SOLSEED)];
const signed = signers.map((wallet) => signedParts({ wallet, key, clock }));

function door(): Door {
  const auth = { ...CLOSED_AUTH, allocationSigners: [vectors.keys.A] };
  return new Door({
    auth,
    domains: [NODE_DOMAIN],
    wallets: walletSignatures,
    earlier: NO_EARLIER_RUN,
    clock,
  });
}

/** One for all operators, as it would be: what it remembers must not let anybody in either. */
const shared = door();

async function getsIn(facts: RequestFacts, kind: DoorKind): Promise<boolean> {
  try {
    await (kind === "machine" ? shared : door()).caller(facts, kind);
    return true;
  } catch (error) {
    assert.ok(error instanceof Refusal, `not a refusal, but ${String(error)}`);
    return false;
  }
}

const change = { at: nat(), mask: integer({ min: 1, max: 255 }) };

/** @returns the digits with one byte of what they stand for changed */
function flipped(hex: string, at: number, mask: number): string {
  const bytes = Buffer.from(hex, "hex");
  const index = at % bytes.length;
  bytes[index] = (bytes[index] ?? 0) ^ mask;
  return bytes.toString("hex");
}

test("flips: what has not been changed gets in", async () => {
  for (const parts of signed) assert.equal(await getsIn(operatorFacts(parts), "machine"), true);
  assert.equal(await getsIn(allocationFacts(BODY, { authorization }), "scheduler"), true);
});

for (const name of ["pubKey", "operation"] as const) {
  test(`flips: a changed byte of the payload of ${name} lets nobody in`, async () => {
    await assertProperty(
      asyncProperty(constantFrom(...signed), change.at, change.mask, async (parts, at, mask) => {
        const part = { ...parts[name], payload: flipped(parts[name].payload, at, mask) };
        assert.equal(await getsIn(operatorFacts({ ...parts, [name]: part }), "machine"), false);
      }),
      RUNS,
    );
  });

  test(`flips: a changed byte of the signature of ${name} lets nobody in`, async () => {
    await assertProperty(
      asyncProperty(constantFrom(...signed), nat(63), change.mask, async (parts, at, mask) => {
        const part = { ...parts[name], signature: flipped(parts[name].signature, at, mask) };
        assert.equal(await getsIn(operatorFacts({ ...parts, [name]: part }), "machine"), false);
      }),
      RUNS,
    );
  });

  test(`flips: a cut or longer signature of ${name} lets nobody in`, async () => {
    const bytes = uint8Array({ maxLength: 80 });
    await assertProperty(
      asyncProperty(constantFrom(...signed), nat(63), bytes, async (parts, kept, more) => {
        const head = parts[name].signature.slice(0, kept * 2);
        const signature = head + Buffer.from(more).toString("hex");
        const facts = operatorFacts({ ...parts, [name]: { ...parts[name], signature } });
        assert.equal(await getsIn(facts, "machine"), false);
      }),
      RUNS,
    );
  });
}

test("flips: a header with a changed character lets in only what says the same", async () => {
  const header = constantFrom("signedPubKey" as const, "signedOperation" as const);
  await assertProperty(
    asyncProperty(
      constantFrom(...signed),
      header,
      nat(),
      string(),
      async (parts, which, at, put) => {
        const facts = operatorFacts(parts);
        const text = facts[which] ?? "";
        const index = at % text.length;
        const changed = text.slice(0, index) + put + text.slice(index + 1);
        if (!(await getsIn({ ...facts, [which]: changed }, "machine"))) return;
        const part = which === "signedPubKey" ? parts.pubKey : parts.operation;
        assert.deepEqual(said(changed), said(JSON.stringify(part)));
      },
    ),
    { numRuns: 600 },
  );
});

test("flips: whatever is put in place of a header is refused in words", async () => {
  await assertProperty(
    asyncProperty(string(), string(), string(), async (signedPubKey, signedOperation, rest) => {
      const facts = operatorFacts({ pubKey: NOTHING, operation: NOTHING });
      assert.equal(await getsIn({ ...facts, signedPubKey, signedOperation }, "machine"), false);
      const authorization = `Aleph-EIP191-V1 ${rest}`;
      assert.equal(await getsIn(allocationFacts(BODY, { authorization }), "scheduler"), false);
      assert.ok("refused" in (await shared.watcher(rest)));
    }),
    RUNS,
  );
});

test("flips: keys and operations of two operators do not fit together", async () => {
  const other = signedParts({
    wallet: ethereumWallet(vectors.keys.WB),
    key: shortLivedKey(),
    clock,
  });
  for (const { operation } of signed)
    assert.equal(
      await getsIn(operatorFacts({ pubKey: other.pubKey, operation }), "machine"),
      false,
    );
});

const authorization = allocationHeader(vectors.keys.WA, BODY, clock);
const [head = "", payloadHex = ""] = authorization.split(",payload=");
const signatureHex = head.split("sig=")[1] ?? "";

test("flips: a changed byte of a signed request's payload or signature lets nobody in", async () => {
  const which = constantFrom("payload", "signature");
  await assertProperty(
    asyncProperty(which, change.at, change.mask, async (changed, at, mask) => {
      const payload = changed === "payload" ? flipped(payloadHex, at, mask) : payloadHex;
      const sig = changed === "signature" ? flipped(signatureHex, at % 64, mask) : signatureHex;
      const facts = { authorization: `Aleph-EIP191-V1 sig=${sig},payload=${payload}` };
      assert.equal(await getsIn(allocationFacts(BODY, facts), "scheduler"), false);
    }),
    RUNS,
  );
});

test("flips: a changed byte of a signed request's body lets nobody in", async () => {
  await assertProperty(
    asyncProperty(change.at, change.mask, async (at, mask) => {
      const body = Buffer.from(flipped(Buffer.from(BODY).toString("hex"), at, mask), "hex");
      const facts = allocationFacts(BODY, { authorization, body: async () => body });
      assert.equal(await getsIn(facts, "scheduler"), false);
    }),
    RUNS,
  );
});

const NOTHING: SignedPart = { payload: "", signature: "" };

/** What a header means: the bytes, not the digits. */
function said(header: string): unknown {
  const { payload, signature } = JSON.parse(header);
  return [payload.toLowerCase(), signature.toLowerCase().replace(/^0x/, "")];
}
