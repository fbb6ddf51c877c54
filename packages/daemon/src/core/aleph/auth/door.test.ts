import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import {
  ALLOCATIONS_PATH,
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
} from "#testing/aleph-signers.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import { Refusal } from "../refusal.ts";
import type { AuthSettings } from "../settings.ts";
import { Door, type DoorKind } from "./door.ts";
import vectors from "./fixtures/vectors.json" with { type: "json" };
import type { RequestFacts } from "./request-facts.ts";

const { WA, WB, A } = vectors.keys;
const TOKEN_HASH = createHash("sha256").update("test").digest("hex");
const KINDS: readonly DoorKind[] = ["scheduler", "machine", "reserve", "open"];
const ADMINISTRATOR = { kind: "administrator" };
const BODY = '{"persistent_vms": [], "instances": []}';
const TOKEN_REFUSED = "Authentication token received is invalid";

const clock = new SetClock(vectors.clock);
const key = shortLivedKey();
const wallet = ethereumWallet(WA);

function door(auth: Partial<AuthSettings> = {}): Door {
  const settings = { ...CLOSED_AUTH, allocationTokenHash: TOKEN_HASH, allocationSigners: [A] };
  return new Door({
    auth: { ...settings, ...auth },
    domains: [NODE_DOMAIN],
    wallets: walletSignatures,
    earlier: NO_EARLIER_RUN,
    clock,
  });
}

const bare = (changes: Partial<RequestFacts> = {}) => allocationFacts(BODY, changes);
const operator = (changes: Partial<RequestFacts> = {}) =>
  operatorFacts(signedParts({ wallet, key, clock }), changes);
const signed = (claim?: Parameters<typeof allocationHeader>[3], body = BODY) =>
  bare({ authorization: allocationHeader(WA, body, clock, claim) });

async function refusal(facts: RequestFacts, kind: DoorKind, by = door()): Promise<string> {
  const error = await by.caller(facts, kind).catch((reason: unknown) => reason);
  assert.ok(error instanceof Refusal, "somebody got in");
  return `${error.kind}: ${error.message}`;
}

const refusedAsAdministrator = async (facts: RequestFacts, kind: DoorKind, by = door()) =>
  assert.equal(await refusal(facts, kind, by), `unauthorized: ${TOKEN_REFUSED}`);

for (const kind of KINDS) {
  test(`door: the ${kind} door opens for the token and for a signer`, async () => {
    assert.deepEqual(await door().caller(bare({ allocationToken: "test" }), kind), ADMINISTRATOR);
    assert.deepEqual(await door().caller(signed(), kind), ADMINISTRATOR);
  });

  test(`door: whoever shows a wrong token at the ${kind} door is refused, whatever else is shown`, async () => {
    for (const allocationToken of ["Test", "", "test ", TOKEN_HASH])
      await refusedAsAdministrator(operator({ allocationToken }), kind);
    await refusedAsAdministrator(
      operator({ allocationToken: "test", authorization: "Bearer test" }),
      kind,
    );
  });

  test(`door: an empty Authorization is none at the ${kind} door`, async () => {
    const facts = bare({ authorization: "", allocationToken: "test" });
    assert.deepEqual(await door().caller(facts, kind), ADMINISTRATOR);
  });
}

test("door: the scheduler's door is closed to wallets and to nobody", async () => {
  await refusedAsAdministrator(operator(), "scheduler");
  await refusedAsAdministrator(bare(), "scheduler");
});

test("door: machines and reservations need a wallet", async () => {
  for (const kind of ["machine", "reserve"] as const) {
    const caller = await door().caller(operator(), kind);
    assert.deepEqual(caller, { kind: "wallet", address: wallet.address });
    const words = await refusal(bare(), kind, door({ openNotify: true }));
    assert.equal(words, "bad request: Missing X-SignedPubKey header");
  }
});

test("door: the open door is open only where the settings say so", async () => {
  const opened = door({ openNotify: true });
  assert.deepEqual(await opened.caller(bare(), "open"), { kind: "nobody" });
  await refusedAsAdministrator(bare(), "open");
});

test("door: even at the open door, what an operator shows has to be right", async () => {
  const opened = door({ openNotify: true });
  const caller = await opened.caller(operator(), "open");
  assert.deepEqual(caller, { kind: "wallet", address: wallet.address });
  assert.equal(
    await refusal(operator({ path: "/else" }), "open", opened),
    `unauthorized: Invalid path. Signed: '${operator().path}' !=  requested path: '/else'`,
  );
  const half = operator({ signedPubKey: undefined });
  assert.equal(await refusal(half, "open", opened), "bad request: Missing X-SignedPubKey header");
});

test("door: without a token's hash there is no token, without signers no signature", async () => {
  const closed = door({ allocationTokenHash: undefined, allocationSigners: [] });
  await refusedAsAdministrator(bare({ allocationToken: "test" }), "scheduler", closed);
  await refusedAsAdministrator(signed(), "scheduler", closed);
});

test("door: an empty token is none, even where its hash is the settings'", async () => {
  const allocationTokenHash = createHash("sha256").update("").digest("hex");
  const careless = door({ allocationTokenHash });
  await refusedAsAdministrator(bare({ allocationToken: "" }), "scheduler", careless);
});

test("door: without signers no mathematics is done for signed requests", async () => {
  const wallets = { ...walletSignatures, ethereumSigner: mustNotBeAsked };
  const closed = new Door({
    auth: CLOSED_AUTH,
    domains: [NODE_DOMAIN],
    wallets,
    earlier: NO_EARLIER_RUN,
    clock,
  });
  await refusedAsAdministrator(signed(), "scheduler", closed);
});

test("door: signatures of many are looked at one by one, and others have their turn in between", async () => {
  const order: string[] = [];
  const ethereumSigner = () => {
    order.push("look");
    return undefined;
  };
  const auth = { ...CLOSED_AUTH, allocationSigners: [A], allocationTokenHash: TOKEN_HASH };
  const wallets = { ...walletSignatures, ethereumSigner };
  const parts = { auth, domains: [NODE_DOMAIN] as const, earlier: NO_EARLIER_RUN, clock };
  const one = new Door({ ...parts, wallets });
  const flood = Array.from({ length: 50 }, (_, index) =>
    one.caller(index % 2 === 0 ? signed({ index }) : operator(), "machine"),
  );
  const settled = Promise.allSettled(flood);
  assert.deepEqual(await one.caller(bare({ allocationToken: "test" }), "machine"), ADMINISTRATOR);
  assert.equal(order.length, 0);
  const others = setInterval(() => order.push("other"), 0);
  const outcomes = await settled;
  clearInterval(others);
  assert.ok(outcomes.every(({ status }) => status === "rejected"));
  assert.ok(order.filter((what) => what === "other").length > 1, order.join(" "));
});

test("door: of many identical signed requests at once exactly one gets in", async () => {
  const one = door();
  const facts = signed();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => one.caller(facts, "scheduler")),
  );
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

test("door: two different requests of the same second both get in", async () => {
  const one = door();
  assert.deepEqual(await one.caller(signed(), "scheduler"), ADMINISTRATOR);
  assert.deepEqual(await one.caller(signed({ nonce: 1 }), "scheduler"), ADMINISTRATOR);
});

test("door: the twin of a signature does not count again", async () => {
  const one = door();
  const facts = signed();
  assert.deepEqual(await one.caller(facts, "scheduler"), ADMINISTRATOR);
  const twin = twinOf(facts.authorization ?? "");
  assert.deepEqual(await door().caller(bare({ authorization: twin }), "scheduler"), ADMINISTRATOR);
  await refusedAsAdministrator(bare({ authorization: twin }), "scheduler", one);
});

test("door: a request that is signed ahead of time is remembered until it is stale", async () => {
  const moved = new SetClock(vectors.clock);
  const auth = { ...CLOSED_AUTH, allocationSigners: [A] };
  const one = new Door({
    auth,
    domains: [NODE_DOMAIN],
    wallets: walletSignatures,
    earlier: NO_EARLIER_RUN,
    clock: moved,
  });
  const facts = signed({ iat: moved.ms / 1000 + 300 });
  assert.deepEqual(await one.caller(facts, "scheduler"), ADMINISTRATOR);
  for (const seconds of [1, 300, 598, 600, 601]) {
    moved.ms = clock.ms + seconds * 1000;
    await refusedAsAdministrator(facts, "scheduler", one);
  }
});

test("door: what an earlier run may have accepted is refused by this one", async () => {
  const iat = clock.ms / 1000;
  const auth = { ...CLOSED_AUTH, allocationSigners: [A] };
  const accepted: number[] = [];
  const earlier = { notBefore: iat, accepted: (at: number) => void accepted.push(at) };
  const wallets = walletSignatures;
  const one = new Door({ auth, domains: [NODE_DOMAIN], wallets, earlier, clock });
  await refusedAsAdministrator(signed({ iat: iat - 1 }), "scheduler", one);
  assert.deepEqual(accepted, []);
  assert.deepEqual(await one.caller(signed(), "scheduler"), ADMINISTRATOR);
  assert.deepEqual(await one.caller(signed({ iat: iat + 7 }), "scheduler"), ADMINISTRATOR);
  await refusedAsAdministrator(signed(), "scheduler", one);
  assert.deepEqual(accepted, [iat, iat + 7]);
});

test("door: what cannot be kept in mind for later runs is not done", async () => {
  const auth = { ...CLOSED_AUTH, allocationSigners: [A] };
  const earlier = { notBefore: 0, accepted: failsToKeep };
  const wallets = walletSignatures;
  const one = new Door({ auth, domains: [NODE_DOMAIN], wallets, earlier, clock });
  await assert.rejects(one.caller(signed(), "scheduler"), { message: "the disk is full" });
});

test("door: a request that has become stale while its body came is refused", async () => {
  const moved = new SetClock(vectors.clock);
  const auth = { ...CLOSED_AUTH, allocationSigners: [A] };
  const one = new Door({
    auth,
    domains: [NODE_DOMAIN],
    wallets: walletSignatures,
    earlier: NO_EARLIER_RUN,
    clock: moved,
  });
  const slow = async () => {
    moved.ms += 301_000;
    return Buffer.from(BODY);
  };
  await refusedAsAdministrator({ ...signed(), body: slow }, "scheduler", one);
});

for (const iat of ["1748779200.0", "1.7487792e9", '"1748779200"', "true", "null", "1e400"]) {
  test(`door: a request signed at ${iat} is signed at no time`, async () => {
    const digest = createHash("sha256").update(BODY).digest("hex");
    const head = `{"body_sha256":"${digest}","method":"POST","path":"${ALLOCATIONS_PATH}"`;
    const right = bare({
      authorization: allocationHeader(WA, BODY, clock, `${head},"iat":1748779200}`),
    });
    assert.deepEqual(await door().caller(right, "scheduler"), ADMINISTRATOR);
    const wrong = allocationHeader(WA, BODY, clock, `${head},"iat":${iat}}`);
    await refusedAsAdministrator(bare({ authorization: wrong }), "scheduler");
  });
}

test("door: a signed request says how long its body is, unless it has none by nature", async () => {
  const authorization = allocationHeader(WA, BODY, clock);
  for (const contentLength of [undefined, 1024 * 1024 + 1])
    await refusedAsAdministrator(bare({ authorization, contentLength }), "scheduler");
  const header = allocationHeader(WA, "", clock, { method: "GET", path: "/control/x" });
  const facts = { method: "GET", path: "/control/x", contentLength: undefined };
  const get = allocationFacts("", { ...facts, authorization: header });
  assert.deepEqual(await door().caller(get, "machine"), ADMINISTRATOR);
});

test("door: a body of 1 MiB may be signed, and is not read for a stranger", async () => {
  const large = "x".repeat(1024 * 1024);
  const own = allocationFacts(large, { authorization: allocationHeader(WA, large, clock) });
  assert.deepEqual(await door().caller(own, "scheduler"), ADMINISTRATOR);
  const strangers = allocationFacts(large, {
    authorization: allocationHeader(WB, large, clock),
    body: mustNotBeAsked,
  });
  await refusedAsAdministrator(strangers, "scheduler");
});

test("door: headers that are no signed requests are refused", async () => {
  const right = allocationHeader(WA, BODY, clock);
  const wrong = [
    "Basic dGVzdA==",
    "Aleph-EIP191-V1",
    right.replace("sig=", "signature="),
    right.replace(/payload=.*/, "payload="),
    right.replace(/payload=.*/, "payload=0x"),
    right.replace(/payload=.*/, "payload=00ff"),
    right.replace(/payload=.*/, `payload=${Buffer.from("[]").toString("hex")}`),
    right.replace(/sig=../, "sig=zz"),
    right.replace(",", ";"),
    `${right}${"0".repeat(20_000)}`,
  ];
  for (const authorization of wrong)
    await refusedAsAdministrator(bare({ authorization }), "scheduler");
});

function failsToKeep(): never {
  throw new Error("the disk is full");
}

function mustNotBeAsked(): never {
  assert.fail("something dear was asked for");
}

/** Every signature of ECDSA has one: the same r, s on the other half, v the other one. */
function twinOf(authorization: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  return authorization.replace(/sig=(.{64})(.{64})(..)/, (_, r: string, s: string, v: string) => {
    const other = (order - BigInt(`0x${s}`)).toString(16).padStart(64, "0");
    return `sig=${r}${other}${v === "1b" ? "1c" : "1b"}`;
  });
}
