import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { test } from "node:test";

import { parseItemHash, type ItemHash } from "#core/aleph/item-hash.ts";
import { Refusal } from "#core/aleph/refusal.ts";
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

import { LocalStore } from "./local-store.ts";
import { NetworkSource } from "./network-source.ts";
import { Sources } from "./sources.ts";

const A = hashOfDigit("a");
const B = hashOfDigit("b");
const C = hashOfDigit("c");
const IPFS = hashOf(`Qm${"a".repeat(44)}`);

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

class Stage implements AsyncDisposable {
  /** by path, the query included or not; each may be changed at any time */
  readonly answers = new Map<string, Answer>();
  readonly asked: string[] = [];
  readonly log = new RememberingLog();
  readonly stack = new AsyncDisposableStack();
  now = 0;
  base = "";
  root = "";

  static async make(): Promise<Stage> {
    const stage = new Stage();
    stage.root = stage.stack.use(await tempDir()).path;
    const server = createServer((request, response) => {
      const url = request.url ?? "";
      stage.asked.push(url);
      const answer = stage.answers.get(url) ?? stage.answers.get(url.split("?")[0] ?? "");
      if (answer) answer(response, request);
      else response.writeHead(404).end("{}");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    stage.stack.defer(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    stage.base = `http://127.0.0.1:${address.port}`;
    return stage;
  }

  network(maxFileBytes = 1_000_000): NetworkSource {
    return new NetworkSource({
      apiServer: this.base,
      ipfsGateway: `${this.base}/ipfs`,
      cacheRoot: `${this.root}/cache`,
      maxFileBytes,
      firstPauseMs: 1,
      clock: { now: () => new Date(this.now) },
      log: this.log,
    });
  }

  says(place: string, value: unknown): void {
    this.answers.set(place, (response) => void response.end(JSON.stringify(value)));
  }

  fails(place: string): void {
    this.answers.set(place, (response) => void response.writeHead(502).end());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}

const isUnavailable = (error: unknown) =>
  Refusal.is(error, "unavailable") && error.message === "503: Aleph Connector unavailable";

test("network: a message; what servers add to it is left out", async () => {
  await using stage = await Stage.make();
  const answered = { ...SIGNED_MESSAGE, reception_time: "now" };
  stage.says(`/api/v0/messages.json?hashes=${SIGNED_HASH}`, { messages: [answered] });
  stage.says(`/api/v0/messages.json?hashes=${A}`, { messages: [answered] });
  stage.says(`/api/v0/messages.json?hashes=${B}`, { messages: [{ item_hash: B }] });
  const network = stage.network();
  assert.deepEqual((await network.message(SIGNED_HASH, never))?.raw, SIGNED_MESSAGE);
  assert.equal(await network.message(A, never), undefined, "another message than was asked for");
  await assert.rejects(network.message(B, never), isUnavailable);
});

test("network: a server that fails is asked three times, and is no answer", async () => {
  await using stage = await Stage.make();
  const place = `/api/v0/messages.json`;
  stage.fails(place);
  await assert.rejects(stage.network().message(A, never), isUnavailable);
  assert.equal(stage.asked.length, 3);
  for (const answer of ["", "{", "x".repeat(9_000_000)]) {
    stage.answers.set(place, (response) => void response.end(answer));
    await assert.rejects(stage.network().message(A, never), isUnavailable);
  }
  let attempts = 0;
  stage.answers.set(place, (response) => {
    attempts += 1;
    if (attempts < 3) response.destroy();
    else response.end(JSON.stringify({ messages: [SIGNED_MESSAGE] }));
  });
  assert.ok(await stage.network().message(SIGNED_HASH, never));
});

test("network: forgotten or not, asked again after half a minute", async () => {
  await using stage = await Stage.make();
  const network = stage.network();
  stage.says(`/api/v0/messages/${A}`, { status: "processed" });
  assert.equal(await network.isForgotten(A), false);
  stage.says(`/api/v0/messages/${A}`, { status: "forgotten" });
  assert.equal(await network.isForgotten(A), false);
  stage.now += 30_000;
  assert.equal(await network.isForgotten(A), true);
  assert.equal(await network.isForgotten(B), false, "nobody knows it");
});

test("network: the newest version of a file by its own owner", async () => {
  await using stage = await Stage.make();
  const version = (hash: ItemHash, time: number, content: object) => ({
    ...unsignedMessage(hash, "STORE", { item_type: "storage", item_hash: A, ...content }),
    time,
  });
  stage.says(`/api/v0/messages.json?hashes=${A}`, { messages: [version(A, 1, {})] });
  const query = new URLSearchParams({ msgType: "STORE", refs: A, owners: OWNER }).toString();
  const versions = [
    version(B, 2, { ref: A }),
    version(C, 9, { ref: A, address: "0xother" }),
    version(C, 9, { ref: B }),
  ];
  stage.says(`/api/v0/messages.json?${query}&pagination=100`, { messages: versions });
  assert.equal(await stage.network().latest(A, never), B);
  assert.equal(await stage.network().latest(C, never), C);
});

test("network: aggregates, balances and prices; what is not there is no failure", async () => {
  await using stage = await Stage.make();
  const network = stage.network();
  stage.says(`/api/v0/aggregates/${OWNER}.json?keys=security`, { data: { security: { x: 1 } } });
  assert.deepEqual(await network.aggregate(OWNER, "security", never), { x: 1 });
  assert.equal(await network.aggregate(OWNER, "other", never), undefined);
  stage.fails(`/api/v0/aggregates/${OWNER}.json?keys=other`);
  await assert.rejects(network.aggregate(OWNER, "other", never), isUnavailable);
  stage.says(`/api/v0/addresses/${OWNER}/balance`, { balance: 2.5, credit_balance: "7" });
  assert.deepEqual(await network.balance(OWNER, never), { tokens: 2.5, credits: 7 });
  assert.deepEqual(await network.balance("0xB", never), { tokens: 0, credits: 0 });
  stage.says(`/api/v0/price/${A}`, { cost: "0.25", payment_type: "superfluid" });
  assert.deepEqual(await network.price(A, never), { cost: 0.25, type: "superfluid" });
  assert.equal(await network.price(B, never), undefined);
  stage.says(`/api/v0/addresses/0xC/balance`, { balance: "much" });
  await assert.rejects(network.balance("0xC", never), isUnavailable);
});

function publishes(stage: Stage, ref: ItemHash, blob: ItemHash, kind: string): void {
  const content = { item_type: kind, item_hash: blob };
  stage.says(`/api/v0/messages.json?hashes=${ref}`, {
    messages: [unsignedMessage(ref, "STORE", content)],
  });
}

test("network: a file by its message, fetched once for all who ask at once", async () => {
  await using stage = await Stage.make();
  const blob = sha256("content");
  publishes(stage, A, blob, "storage");
  stage.answers.set(`/api/v0/storage/raw/${blob}`, (response) => {
    response.write("con");
    setTimeout(() => response.end("tent"), 30);
  });
  const network = stage.network();
  const [one, other] = await Promise.all([network.file(A, never), network.file(A, never)]);
  assert.equal(one, other);
  assert.equal(one, `${stage.root}/cache/data/${A}`);
  assert.equal(await readFile(one, "utf8"), "content");
  assert.equal(stage.asked.filter((url) => url.includes("/raw/")).length, 1);
});

test("network: a file of IPFS comes from the gateway; one without a message by its own name", async () => {
  await using stage = await Stage.make();
  publishes(stage, A, IPFS, "ipfs");
  stage.answers.set(`/ipfs/${IPFS}`, (response) => void response.end("from afar"));
  assert.equal(await readFile(await stage.network().file(A, never), "utf8"), "from afar");
  assert.equal(await readFile(await stage.network().file(IPFS, never), "utf8"), "from afar");
  await assert.rejects(stage.network().file(B, never), (error) => Refusal.is(error, "not found"));
});

test("network: a download that breaks is tried ten times, and leaves nothing", async () => {
  await using stage = await Stage.make();
  const blob = sha256("content");
  let attempts = 0;
  let goodAttempt = 10;
  stage.answers.set(`/api/v0/storage/raw/${blob}`, (response) => {
    attempts += 1;
    response.writeHead(200, { "content-length": "7" });
    if (attempts === goodAttempt) response.end("content");
    else if (attempts % 2 === 0) response.end("another");
    else response.write("con", () => response.destroy());
  });
  assert.equal(await readFile(await stage.network().file(blob, never), "utf8"), "content");
  assert.equal(attempts, 10);
  goodAttempt = 0;
  attempts = 0;
  await assert.rejects(stage.network().file(blob, never), isUnavailable);
  assert.equal(attempts, 10);
  assert.deepEqual(await readdir(`${stage.root}/cache/data`), [blob], "the one of before");
});

test("network: a file that is too large is not tried again", async () => {
  await using stage = await Stage.make();
  const blob = sha256("x".repeat(2_000));
  const place = `/api/v0/storage/raw/${blob}`;
  stage.answers.set(place, (response) => void response.end("x".repeat(2_000)));
  const file = stage.network(1_000).file(blob, never);
  await assert.rejects(file, (error) => Refusal.is(error, "too large"));
  assert.equal(stage.asked.filter((url) => url === place).length, 1);
  assert.deepEqual(await readdir(`${stage.root}/cache/data`), []);
});

test("network: who leaves a download does not end it for others; when all have left it ends", async () => {
  await using stage = await Stage.make();
  const blob = sha256("content");
  const begun = Promise.withResolvers<ServerResponse>();
  stage.answers.set(`/api/v0/storage/raw/${blob}`, (response) => {
    response.write("con");
    begun.resolve(response);
  });
  const network = stage.network();
  const left = new AbortController();
  const first = network.file(blob, left.signal);
  const second = network.file(blob, never);
  const response = await begun.promise;
  left.abort(new Error("the client left"));
  await assert.rejects(first, /^Error: the client left$/);
  response.end("tent");
  assert.equal(await readFile(await second, "utf8"), "content");
  const gone = new AbortController();
  const restarted = Promise.withResolvers<ServerResponse>();
  const other = sha256("other");
  stage.answers.set(`/api/v0/storage/raw/${other}`, (again) => {
    again.write("o");
    restarted.resolve(again);
  });
  const third = network.file(other, gone.signal);
  const closed = once(await restarted.promise, "close");
  gone.abort(new Error("the client left"));
  await assert.rejects(third, /^Error: the client left$/);
  await closed;
});

test("sources: the store first, then the network, whose messages are kept", async () => {
  await using stage = await Stage.make();
  const { log, root } = stage;
  const cacheRoot = `${root}/cache`;
  const local = stage.stack.use(
    await LocalStore.open(
      { directory: `${root}/store`, cacheRoot, maxFileBytes: 1_000, log },
      never,
    ),
  );
  const sources = new Sources({ local, network: stage.network(), money: "local", cacheRoot, log });
  stage.says(`/api/v0/messages.json?hashes=${SIGNED_HASH}`, { messages: [SIGNED_MESSAGE] });
  assert.ok(await sources.message(SIGNED_HASH, never));
  assert.ok(await sources.message(SIGNED_HASH, never));
  assert.equal(stage.asked.length, 1);
  assert.ok(await local.message(SIGNED_HASH));
  assert.equal(await sources.message(A, never), undefined);
  await assert.rejects(sources.file(A, never), (error) => Refusal.is(error, "not found"));
  assert.deepEqual(await sources.balance(OWNER, never), { tokens: 0, credits: 0 });
  assert.ok(!stage.asked.some((url) => url.includes("balance")), "the ledger is the store's");
  stage.says(`/api/v0/aggregates/${OWNER}.json?keys=k`, { data: { k: { far: 1 } } });
  assert.deepEqual(await sources.aggregate(OWNER, "k", never), { far: 1 });
  await local.keepAggregate({ address: OWNER, key: "k" }, { near: 1 }, never);
  assert.deepEqual(await sources.aggregate(OWNER, "k", never), { near: 1 });
  await local.forget(SIGNED_HASH, never);
  assert.equal(await sources.message(SIGNED_HASH, never), undefined);
  assert.equal(await sources.isForgotten(SIGNED_HASH), true);
  assert.deepEqual(instanceContent(), SIGNED_MESSAGE["content"]);
});

function sha256(text: string): ItemHash {
  return hashOf(createHash("sha256").update(text).digest("hex"));
}

function hashOf(text: string): ItemHash {
  const hash = parseItemHash(text);
  assert.ok(hash !== undefined);
  return hash;
}
