import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { readMessage } from "#core/aleph/message/parse.ts";
import type { SourceChange } from "#core/aleph/ports/message-source.ts";
import { Refusal } from "#core/aleph/refusal.ts";
import {
  hashOfDigit,
  instanceContent,
  OWNER,
  SIGNED_HASH,
  SIGNED_MESSAGE,
  unsignedMessage,
} from "#testing/aleph-messages.ts";
import { eventually } from "#testing/eventually.ts";
import { never } from "#testing/fake-host.ts";
import { RememberingLog } from "#testing/remembering-log.ts";
import { tempDir } from "#testing/temp-dir.ts";

import { LocalStore } from "./local-store.ts";

const A = hashOfDigit("a");
const B = hashOfDigit("b");
const C = hashOfDigit("c");
const D = hashOfDigit("d");

class Stage implements AsyncDisposable {
  readonly root: string;
  readonly log = new RememberingLog();
  readonly changes: SourceChange[] = [];
  readonly #stack = new AsyncDisposableStack();

  constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Stage> {
    const directory = await tempDir();
    const stage = new Stage(directory.path);
    stage.#stack.use(directory);
    return stage;
  }

  /** Opens the store, and writes down from now on what changes. */
  async open(): Promise<LocalStore> {
    const { log, root } = this;
    const places = { directory: `${root}/store`, cacheRoot: `${root}/cache` };
    const opened = await LocalStore.open({ ...places, maxFileBytes: 1_000_000, log }, never);
    this.#stack.use(opened);
    opened.onChange((change) => this.changes.push(change));
    return opened;
  }

  /** What somebody else does: beside the place, then moved there. @param content JSON unless it is a text */
  async put(place: string, content: unknown): Promise<void> {
    const file = path.join(this.root, place);
    await mkdir(path.dirname(file), { recursive: true });
    const beside = path.join(await mkdtemp(`${this.root}/new-`), "file");
    await writeFile(beside, typeof content === "string" ? content : JSON.stringify(content));
    await rename(beside, file);
  }

  async saw(change: SourceChange): Promise<void> {
    const wanted = JSON.stringify(change);
    await eventually(wanted, () => this.changes.some((one) => JSON.stringify(one) === wanted));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function store(
  owner: string,
  time: number,
  ref: string | undefined,
): Readonly<Record<string, unknown>> {
  const content = { address: owner, time, item_type: "storage", item_hash: "e".repeat(64) };
  return ref === undefined ? content : { ...content, ref };
}

test("local store: whole messages and bare contents, and those of the network's own nodes", async () => {
  await using stage = await Stage.make();
  await stage.put(`store/messages/${SIGNED_HASH}.json`, SIGNED_MESSAGE);
  await stage.put(`store/messages/${A}.json`, instanceContent());
  await stage.put(`cache/message/${B}.json`, unsignedMessage(B, "POST", {}));
  const local = await stage.open();
  assert.deepEqual((await local.message(SIGNED_HASH))?.raw, SIGNED_MESSAGE);
  assert.equal((await local.message(A))?.sender, OWNER);
  assert.equal((await local.message(B))?.type, "POST");
  assert.equal(await local.message(C), undefined);
  assert.deepEqual(stage.log.troubles(), []);
});

test("local store: files by their reference, by their message, by their own name, in caches", async () => {
  await using stage = await Stage.make();
  const blob = "e".repeat(64);
  await stage.put(`store/files/${A}`, "direct");
  await stage.put(`store/messages/${B}.json`, store(OWNER, 1, undefined));
  await stage.put(`store/blobs/${blob}`, "published");
  await stage.put(`cache/runtime/${C}`, "cached");
  await mkdir(`${stage.root}/store/files/${D}`);
  const local = await stage.open();
  const read = async (ref: typeof A) => readFile(await local.file(ref), "utf8");
  assert.deepEqual(
    [await read(A), await read(B), await read(C)],
    ["direct", "published", "cached"],
  );
  await assert.rejects(local.file(D), (error) => Refusal.is(error, "not found"));
  await local.forget(A, never);
  await assert.rejects(local.file(A), (error) => Refusal.is(error, "not found"));
});

test("local store: a file that its message says otherwise of is not taken", async () => {
  await using stage = await Stage.make();
  await stage.put(`store/messages/${B}.json`, store(OWNER, 1, undefined));
  const local = await stage.open();
  const forged = local.keepFile(
    B,
    (async function* () {
      yield Buffer.from("forged");
    })(),
    never,
  );
  await assert.rejects(forged, (error) => Refusal.is(error, "bad request"));
  assert.equal(await local.findFile(B), undefined);
});

test("local store: the latest version is the newest of the same owner that was not forgotten", async () => {
  await using stage = await Stage.make();
  await stage.put(`store/messages/${A}.json`, store(OWNER, 1, undefined));
  await stage.put(`store/messages/${B}.json`, store(OWNER.toLowerCase(), 5, A));
  await stage.put(`store/messages/${C}.json`, store(OWNER, 9, A));
  await stage.put(`store/messages/${D}.json`, store("0xSomebodyElse", 99, A));
  const local = await stage.open();
  assert.equal(await local.latest(A, never), C);
  await stage.put(`store/tombstones/${C}`, "");
  assert.equal(await local.latest(A, never), B);
  assert.equal(await local.latest(B, never), B);
  assert.equal(await local.latest(hashOfDigit("f"), never), hashOfDigit("f"));
});

test("local store: an aggregate is its file, or what its owner's messages make of it in order", async () => {
  await using stage = await Stage.make();
  const part = (time: number, content: object) =>
    unsignedMessage(time === 1 ? A : B, "AGGREGATE", { time, key: "k", content });
  const first = part(1, { one: 1, two: 1 });
  await stage.put(`store/messages/${B}.json`, { ...part(2, { two: 2 }), time: 2 });
  await stage.put(`store/messages/${A}.json`, { ...first, time: 1 });
  const local = await stage.open();
  assert.deepEqual(await local.aggregate(OWNER.toUpperCase(), "k", never), { one: 1, two: 2 });
  await stage.put(`store/aggregates/${OWNER.toLowerCase()}/k.json`, { file: true });
  assert.deepEqual(await local.aggregate(OWNER, "k", never), { file: true });
  assert.deepEqual(await local.aggregateKeys(OWNER), ["k"]);
  assert.equal(await local.aggregate(OWNER, "../k", never), undefined);
  await stage.put(`store/aggregates/${OWNER.toLowerCase()}/k.json`, "{");
  await assert.rejects(local.aggregate(OWNER, "k", never), /k of 0x.* cannot be read: .*made anew/);
});

test("local store: the ledger, with its default price; a damaged one says so", async () => {
  await using stage = await Stage.make();
  const local = await stage.open();
  assert.deepEqual(await local.balance(OWNER), { tokens: 0, credits: 0 });
  assert.equal(await local.price(A), undefined);
  await stage.put("store/ledger.json", {
    [OWNER.toLowerCase()]: { balance: "12.5", credit_balance: 7, streams: { "0xab": 0.5 } },
    prices: { [A]: { cost: "3", payment_type: "credit" }, default: { cost: 1 } },
  });
  assert.deepEqual(await local.balance(OWNER), { tokens: 12.5, credits: 7 });
  assert.deepEqual(await local.price(A), { cost: 3, type: "credit" });
  assert.deepEqual(await local.price(B), { cost: 1, type: "hold" });
  assert.deepEqual([await local.rate(OWNER, "0xAB"), await local.rate("0xAB", OWNER)], [0.5, 0]);
  await stage.put("store/ledger.json", "[]");
  await assert.rejects(local.balance(OWNER), /ledger of this node cannot be read/);
});

test("local store: damaged files are named once each, and the others are read", async () => {
  await using stage = await Stage.make();
  await stage.put(`store/messages/${A}.json`, "{");
  await stage.put(`store/messages/${B}.json`, { ...SIGNED_MESSAGE, surprise: 1 });
  await stage.put("store/messages/README.txt", "not ours");
  await symlink(`${stage.root}/store/messages/${C}.json`, `${stage.root}/store/messages/${C}.json`);
  await mkdir(`${stage.root}/store/messages/${D}.json`);
  await stage.put(`store/messages/${SIGNED_HASH}.json`, SIGNED_MESSAGE);
  const local = await stage.open();
  for (const hash of [A, B, C, D, A, B]) assert.equal(await local.message(hash), undefined);
  assert.ok(await local.message(SIGNED_HASH));
  const told = stage.log.lines.map(({ event, file }) => `${event} ${path.basename(String(file))}`);
  assert.deepEqual(
    told.toSorted(),
    [A, B, D].map((hash) => `messages.file_ignored ${hash}.json`),
  );
  await stage.put(`store/messages/${A}.json`, "[");
  assert.equal(await local.message(A), undefined);
  assert.equal(stage.log.lines.length, 4, "another version of a damaged file is told of again");
});

test("local store: what others change is seen: messages, versions, aggregates, stones, files, domains", async () => {
  await using stage = await Stage.make();
  await stage.put(`store/files/${A}`, "one");
  const local = await stage.open();
  await stage.put(`store/messages/${B}.json`, store(OWNER, 1, A));
  await stage.saw({ what: "message", hash: B });
  await stage.saw({ what: "file", ref: A });
  const address = OWNER.toLowerCase();
  await stage.put(`store/aggregates/${address}/port-forwarding.json`, {});
  await stage.saw({ what: "aggregate", address, key: "port-forwarding" });
  stage.changes.length = 0;
  await stage.put(`store/aggregates/${address}/port-forwarding.json`, { x: 1 });
  await stage.saw({ what: "aggregate", address, key: "port-forwarding" });
  await stage.put(`store/tombstones/${B}`, "");
  await stage.saw({ what: "forgotten", hash: B });
  await stage.put("store/domains.json", [{ name: "a" }]);
  await stage.saw({ what: "domains" });
  assert.deepEqual(await local.domains(), [{ name: "a" }]);
  stage.changes.length = 0;
  await stage.put(`store/files/${A}`, "another");
  await stage.saw({ what: "file", ref: A });
});

test("local store: a directory that was taken away and made again is watched again", async () => {
  await using stage = await Stage.make();
  const local = await stage.open();
  await rm(`${stage.root}/store/messages`, { recursive: true });
  await stage.put(`store/messages/${A}.json`, instanceContent());
  await stage.saw({ what: "message", hash: A });
  stage.changes.length = 0;
  await stage.put(`store/messages/${B}.json`, instanceContent());
  await stage.saw({ what: "message", hash: B });
  assert.ok(await local.message(B));
});

test("local store: what is put through it is found at once, and nothing is told after its end", async () => {
  await using stage = await Stage.make();
  {
    await using local = await stage.open();
    await local.keep(readMessage(SIGNED_MESSAGE, SIGNED_HASH), never);
    const wanted = { hashes: [], types: ["INSTANCE"], refs: [], owners: [OWNER] } as const;
    assert.deepEqual(await local.search(wanted, never), [SIGNED_HASH]);
    assert.deepEqual(stage.changes, [{ what: "message", hash: SIGNED_HASH }]);
  }
  const again = await stage.open();
  assert.ok(await again.message(SIGNED_HASH));
});
