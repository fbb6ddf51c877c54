import assert from "node:assert/strict";
import { test } from "node:test";

import { LocalStore } from "#messages/local-store.ts";
import {
  hashOfDigit,
  instanceContent,
  OWNER,
  SIGNED_HASH,
  SIGNED_MESSAGE,
  unsignedMessage,
} from "#testing/aleph-messages.ts";
import { never } from "#testing/fake-host.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { tempDir } from "#testing/temp-dir.ts";
import { walletSignatures } from "#wallets/signatures.ts";

import { Refusal } from "../refusal.ts";
import { Imports, type Trust } from "./imports.ts";
import { Published } from "./published.ts";

const A = hashOfDigit("a");
const B = hashOfDigit("b");

interface Stage extends AsyncDisposable {
  readonly imports: Imports;
  readonly published: Published;
  readonly store: LocalStore;
}

async function stage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const { path } = stack.use(await tempDir());
  const settings = { maxFileBytes: 1_000, log: new RememberingLog() };
  const places = { directory: `${path}/store`, cacheRoot: `${path}/cache` };
  const store = stack.use(await LocalStore.open({ ...settings, ...places }, never));
  const imports = new Imports({
    archive: store,
    signatures: walletSignatures,
    aggregate: (address, key, signal) => store.aggregate(address, key, signal),
  });
  const published = new Published({ archive: store, source: store });
  return { imports, published, store, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function put(imports: Imports, value: unknown, trust: Trust): Promise<string> {
  return imports.putMessage({ hash: SIGNED_HASH, value, trust }, never);
}

async function* bytesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test("import: a message that proves itself is taken from anybody, once", async () => {
  await using on = await stage();
  assert.equal(await put(on.imports, SIGNED_MESSAGE, "verify"), "created");
  const confirmed = { ...SIGNED_MESSAGE, confirmed: true };
  assert.equal(await put(on.imports, confirmed, "verify"), "unchanged");
  assert.deepEqual((await on.imports.message(SIGNED_HASH, never)).raw, SIGNED_MESSAGE);
});

const FORGED: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ["another content", { content: instanceContent({ allow_amend: true }) }, /content is not what/],
  [
    "another text",
    { item_content: `${String(SIGNED_MESSAGE["item_content"])} ` },
    /not the SHA-256/,
  ],
  ["another sender", { sender: `0x${"1".repeat(40)}` }, /not one of the message's sender/],
  ["another chain", { chain: "AVAX" }, /not one of the message's sender/],
  ["a chain nobody here knows", { chain: "DOT" }, /of the chain DOT cannot be verified/],
  ["no signature", { signature: null }, /has no signature/],
  ["half a signature", { signature: "0x5360" }, /not one of the message's sender/],
  ["a signature that is none", { signature: `0x${"f".repeat(130)}` }, /not one of the message's/],
  ["its content elsewhere", { item_type: "ipfs" }, /content inline/],
];

for (const [what, change, words] of FORGED) {
  test(`import: with ${what} a message does not prove itself`, async () => {
    await using on = await stage();
    await assert.rejects(put(on.imports, { ...SIGNED_MESSAGE, ...change }, "verify"), (error) => {
      assert.ok(Refusal.is(error, "bad request"));
      assert.match(error.message, words);
      return true;
    });
    assert.equal(await on.store.message(SIGNED_HASH), undefined);
  });
}

test("import: from anybody only messages of VMs, of a size, and not without end", async () => {
  await using on = await stage();
  const forget = unsignedMessage(A, "FORGET", { hashes: [] });
  const byAnybody = on.imports.putMessage({ hash: A, value: forget, trust: "verify" }, never);
  await assert.rejects(byAnybody, /Only the messages of VMs/);
  const long = { ...SIGNED_MESSAGE, item_content: " ".repeat(300_000) };
  await assert.rejects(put(on.imports, long, "verify"), (error) => Refusal.is(error, "too large"));
  const full = new Imports({
    archive: Object.assign(Object.create(null), {
      count: () => 20_000,
      held: async () => undefined,
      isForgotten: async () => false,
    }),
    signatures: walletSignatures,
    aggregate: async () => undefined,
  });
  await assert.rejects(put(full, SIGNED_MESSAGE, "verify"), (error) => {
    return Refusal.is(error, "no storage");
  });
});

test("import: the administrator is believed, but not that one hash is two messages", async () => {
  await using on = await stage();
  assert.equal(await put(on.imports, instanceContent(), "administrator"), "created");
  const other = instanceContent({ allow_amend: true });
  await assert.rejects(put(on.imports, other, "administrator"), (error) =>
    Refusal.is(error, "conflict"),
  );
  const broken = instanceContent({ resources: null });
  await assert.rejects(put(on.imports, broken, "administrator"), /resources: Input should be/);
});

test("import: two messages of one hash at once leave one of them", async () => {
  await using on = await stage();
  const two = [instanceContent(), instanceContent({ allow_amend: true })];
  const ends = await Promise.allSettled(two.map((one) => put(on.imports, one, "administrator")));
  assert.deepEqual(ends.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
});

test("import: what was forgotten stays forgotten; only its owner's messages are", async () => {
  await using on = await stage();
  await put(on.imports, SIGNED_MESSAGE, "verify");
  const mine = unsignedMessage(A, "FORGET", { hashes: [SIGNED_HASH, "nonsense"] });
  const stranger = unsignedMessage(B, "FORGET", { address: "0xB", hashes: [SIGNED_HASH] });
  const trust = "administrator";
  await on.imports.putMessage({ hash: B, value: stranger, trust }, never);
  assert.equal(await on.store.isForgotten(SIGNED_HASH), false);
  await on.imports.putMessage({ hash: A, value: mine, trust }, never);
  assert.equal(await on.store.isForgotten(SIGNED_HASH), true);
  await assert.rejects(put(on.imports, SIGNED_MESSAGE, "verify"), /forgotten, and stays so/);
  await assert.rejects(on.imports.message(SIGNED_HASH, never), /^Refusal: Hash not found/);
  assert.deepEqual(await on.published.status(SIGNED_HASH, never), {
    status: "forgotten",
    item_hash: SIGNED_HASH,
    forgotten_by: [],
  });
});

test("import: files come in pieces, and have a bound", async () => {
  await using on = await stage();
  const kept = await on.imports.putFile(A, bytesOf("he", "llo"), never);
  assert.equal(kept.sizeBytes, 5);
  const file = await on.imports.file(A, never);
  const chunks = await Array.fromAsync(file.read(never));
  assert.equal(Buffer.concat(chunks).toString(), "hello");
  assert.equal(file.sizeBytes, 5);
  const long = on.imports.putFile(A, bytesOf("x".repeat(600), "x".repeat(600)), never);
  await assert.rejects(long, (error) => Refusal.is(error, "too large"));
  assert.equal((await on.imports.file(A, never)).sizeBytes, 5);
  await assert.rejects(on.imports.file(B, never), (error) => Refusal.is(error, "not found"));
});

test("import: aggregates are objects under good keys", async () => {
  await using on = await stage();
  const place = { address: OWNER, key: "security" };
  await on.imports.putAggregate(place, { authorizations: [] }, never);
  const other = { address: OWNER.toLowerCase(), key: "security" };
  assert.deepEqual(await on.imports.aggregate(other, never), { authorizations: [] });
  for (const value of [[], null, "x"]) {
    await assert.rejects(on.imports.putAggregate(place, value, never), /object of JSON/);
  }
  for (const bad of ["../x", "", ".hidden", "k".repeat(129), "a/b"]) {
    const put_ = on.imports.putAggregate({ address: OWNER, key: bad }, {}, never);
    await assert.rejects(put_, (error) => Refusal.is(error, "bad request"));
  }
  const escape = on.imports.putAggregate({ address: "../..", key: "k" }, {}, never);
  await assert.rejects(escape, (error) => Refusal.is(error, "bad request"));
  const missing = on.imports.aggregate({ address: OWNER, key: "none" }, never);
  await assert.rejects(missing, (error) => Refusal.is(error, "not found"));
});

test("published: the store in the network's words", async () => {
  await using on = await stage();
  await put(on.imports, SIGNED_MESSAGE, "verify");
  const place = { address: OWNER, key: "port-forwarding" };
  await on.imports.putAggregate(place, { x: 1 }, never);
  const { published } = on;
  assert.deepEqual(await published.status(SIGNED_HASH, never), {
    status: "processed",
    item_hash: SIGNED_HASH,
    message: SIGNED_MESSAGE,
    type: "INSTANCE",
  });
  assert.equal(await published.status(A, never), undefined);
  const all = { hashes: [], types: [], refs: [], owners: [] };
  const wanted = { ...all, hashes: [SIGNED_HASH, A] };
  const first = await published.messages(wanted, { page: 1, perPage: 20 }, never);
  assert.deepEqual(await Array.fromAsync(first.messages), [SIGNED_MESSAGE]);
  assert.deepEqual(first.pagination, {
    pagination_page: 1,
    pagination_total: 1,
    pagination_per_page: 20,
    pagination_item: "messages",
  });
  const second = await published.messages(all, { page: 2, perPage: Number.NaN }, never);
  assert.deepEqual(await Array.fromAsync(second.messages), []);
  assert.equal(second.pagination["pagination_per_page"], 1);
  assert.deepEqual(await published.aggregates(OWNER, ["port-forwarding", "none"], never), {
    address: OWNER,
    data: { "port-forwarding": { x: 1 } },
  });
  assert.deepEqual(await published.aggregates(OWNER, [], never), {
    address: OWNER,
    data: { "port-forwarding": { x: 1 } },
  });
  assert.equal(await published.aggregates("0xnobody", [], never), undefined);
  assert.deepEqual(await published.balance(OWNER, never), {
    address: OWNER,
    balance: 0,
    locked_amount: 0,
    credit_balance: 0,
  });
  assert.equal(await published.price(SIGNED_HASH, never), undefined);
});
