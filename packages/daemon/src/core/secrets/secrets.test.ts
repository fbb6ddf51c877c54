import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";

import { MIB } from "#lib/bytes.ts";
import { FakeHost, never } from "#testing/fake-host.ts";

import { AlcoveError } from "../errors.ts";
import { SecretBytes } from "./secret-bytes.ts";
import { MAX_SECRET_BYTES, MAX_SECRETS, type NewSecret, type Secrets } from "./secrets.ts";

function aSecret(name: string, different: Partial<NewSecret> = {}): NewSecret {
  const content = new SecretBytes(Buffer.from(`of ${name}`));
  return { name, content, mode: undefined, uid: undefined, gid: undefined, ...different };
}

async function chosen(secrets: Secrets, choice: "all" | readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, content } of secrets.chosen(choice)) {
    found.push(`${name}: ${Buffer.from(content.reveal()).toString()}`);
  }
  return found;
}

function large(bytes: number): Partial<NewSecret> {
  return { content: new SecretBytes(Buffer.alloc(bytes)) };
}

function refused(code: string, words: RegExp) {
  return (error: unknown) =>
    error instanceof AlcoveError && error.code === code && words.test(error.message);
}

test("secrets: a new one belongs to root and is private unless said otherwise", async () => {
  await using host = await FakeHost.make();
  const { secrets } = host;
  await secrets.create(aSecret("plain"), never);
  await secrets.create(aSecret("other", { mode: 0o444, uid: 1000, gid: 33 }), never);
  const facts = (await secrets.list()).map(({ modifiedAt, ...rest }) => {
    assert.ok(modifiedAt.getTime() <= Date.now());
    return rest;
  });
  assert.deepEqual(facts, [
    { name: "other", sizeBytes: 8, mode: 0o444, uid: 1000, gid: 33 },
    { name: "plain", sizeBytes: 8, mode: 0o600, uid: 0, gid: 0 },
  ]);
});

test("secrets: a change leaves what it does not name", async () => {
  await using host = await FakeHost.make();
  const { secrets } = host;
  await secrets.create(aSecret("a", { mode: 0o400, uid: 5 }), never);
  const nothing = { content: undefined, mode: undefined, uid: undefined, gid: undefined };
  await secrets.change("a", { ...nothing, gid: 6 }, never);
  const [facts] = await secrets.list();
  assert.deepEqual([facts?.mode, facts?.uid, facts?.gid], [0o400, 5, 6]);
  assert.deepEqual(await chosen(secrets, ["a"]), ["a: of a"]);
  await secrets.change("a", { ...nothing, content: new SecretBytes(Buffer.from("new")) }, never);
  assert.deepEqual(await chosen(secrets, "all"), ["a: new"]);
});

test("secrets: names are one plain path component, and taken once", async () => {
  await using host = await FakeHost.make();
  const { secrets } = host;
  for (const name of ["", ".", "..", "a/b", "a b", "ä", "x".repeat(129), "a\n"]) {
    await assert.rejects(
      secrets.create(aSecret(name), never),
      refused("invalid_request", /^name: must be 1 to 128/),
      name,
    );
  }
  await secrets.create(aSecret("...-A_z.9"), never);
  await assert.rejects(
    secrets.create(aSecret("...-A_z.9"), never),
    refused("name_taken", /There is a secret/),
  );
  await assert.rejects(secrets.remove("b", never), refused("secret_not_found", /no secret "b"/));
  await assert.rejects(
    secrets.change("b", aSecret("b"), never),
    refused("secret_not_found", /no secret "b"/),
  );
});

test("secrets: size, number and their sum have an end that is said", async () => {
  await using host = await FakeHost.make();
  const { secrets } = host;
  await assert.rejects(
    secrets.create(aSecret("big", large(MAX_SECRET_BYTES + 1)), never),
    refused("invalid_request", /^data: may have at most 1024 KiB$/),
  );
  for (let at = 0; at < 16; at += 1) await secrets.create(aSecret(`m${at}`, large(MIB)), never);
  await assert.rejects(
    secrets.create(aSecret("one-more"), never),
    refused("invalid_request", /^data: all secrets together may have 16/),
  );
  await assert.rejects(
    secrets.create(aSecret("x", { mode: 0o4755 }), never),
    refused("invalid_request", /^permissions: only the nine/),
  );
  await assert.rejects(
    secrets.create(aSecret("x", { uid: 4_294_967_295 }), never),
    refused("invalid_request", /^uid: must be at most/),
  );
});

test(`secrets: there are at most ${MAX_SECRETS}`, async () => {
  await using host = await FakeHost.make();
  const { secrets } = host;
  for (let at = 0; at < MAX_SECRETS; at += 1) {
    await writeFile(`${host.directory}/secrets/sealed/n${at}.sealed`, "");
  }
  await assert.rejects(
    secrets.create(aSecret("one-more"), never),
    refused("invalid_request", /^name: there are 256 secrets already/),
  );
});

test("secrets: two creates of one name at the same time make one", async () => {
  await using host = await FakeHost.make();
  const both = await Promise.allSettled([
    host.secrets.create(aSecret("a"), never),
    host.secrets.create(aSecret("a"), never),
  ]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["fulfilled", "rejected"],
  );
});

test("secrets: one that is damaged is left out, logged, and refused to who names it", async () => {
  await using host = await FakeHost.make();
  const { secrets } = host;
  await secrets.create(aSecret("good"), never);
  await writeFile(`${host.directory}/secrets/sealed/bad.sealed`, "junk");
  assert.deepEqual(
    (await secrets.list()).map(({ name }) => name),
    ["good"],
  );
  assert.deepEqual(await chosen(secrets, ["bad", "good", "gone"]), ["good: of good"]);
  assert.deepEqual(host.log.troubles(), ["secret.damaged", "secret.damaged", "secret.missing"]);
  await assert.rejects(secrets.check(["good", "bad"]), refused("secret_damaged", /"bad"/));
  await assert.rejects(
    secrets.check(["gone"]),
    refused("invalid_request", /^secrets: there is no secret "gone"; create it first$/),
  );
  await secrets.check("all");
  await secrets.remove("bad", never);
  await secrets.check(["good"]);
});

test("secrets: a VM names each once, and not more than there can be", async () => {
  await using host = await FakeHost.make();
  const { secrets } = host;
  await secrets.create(aSecret("a"), never);
  await secrets.check(["a", "a"]);
  assert.deepEqual(await chosen(secrets, ["a", "a"]), ["a: of a"]);
  await assert.rejects(
    secrets.check(Array.from({ length: MAX_SECRETS + 1 }, () => "a")),
    refused("invalid_request", /^secrets: at most 256$/),
  );
});
