/** What the command line signs, an Aleph node lets in: its own door, and nobody else's idea of it. */

import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { Door } from "../../../daemon/src/core/aleph/auth/door.ts";
import type { RequestFacts } from "../../../daemon/src/core/aleph/auth/request-facts.ts";
import {
  CLOSED_AUTH,
  NO_EARLIER_RUN,
  SetClock,
} from "../../../daemon/src/testing/aleph-signers.ts";
import { walletSignatures } from "../../../daemon/src/wallets/signatures.ts";
import { UsageError } from "../failure.ts";
import { allocationAuthorization } from "./allocation-signature.ts";
import { makeOperatorKey } from "./operator-key.ts";
import { Operator, type OperatorHeaders } from "./operator.ts";
import { Wallet } from "./wallet.ts";

const SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const VM = `/control/machine/${"deca".repeat(16)}`;

const clock = new SetClock("2025-06-01T12:00:00.123Z");
const now = () => clock.now();
const wallet = new Wallet(Buffer.from(SECRET, "hex"));
const me = { kind: "wallet", address: ADDRESS };

function doorOf(domain: string): Door {
  const auth = { ...CLOSED_AUTH, allocationSigners: [ADDRESS] };
  const domains = [domain] as const;
  return new Door({ auth, domains, wallets: walletSignatures, earlier: NO_EARLIER_RUN, clock });
}

function operatorAt(node: URL): Operator {
  return new Operator({ key: makeOperatorKey({ wallet, node, now: now() }), now });
}

function factsOf(method: string, url: URL, headers: OperatorHeaders): RequestFacts {
  return {
    method,
    path: decodeURIComponent(url.pathname),
    hasQuery: url.search !== "",
    signedPubKey: headers["X-SignedPubKey"],
    signedOperation: headers["X-SignedOperation"],
    body: async () => new Uint8Array(),
  };
}

for (const [node, domain] of [
  ["http://localhost:4020", "localhost"],
  ["https://CRN.Example.org", "crn.example.org"],
  ["http://127.0.0.1:4020/", "127.0.0.1"],
  ["http://[::1]:4020/", "::1"],
] as const) {
  test(`signing: a node at ${node} lets the wallet in as ${domain}`, async () => {
    const url = new URL(`${VM}/reinstall?erase_volumes=false`, node);
    const operator = operatorAt(new URL(node));
    for (const method of ["GET", "POST", "DELETE"] as const) {
      const facts = factsOf(method, url, operator.headers(method, url));
      assert.deepEqual(await doorOf(domain).caller(facts, "machine"), me);
    }
  });
}

test("signing: headers are for their method, path and node alone, and for two minutes", async () => {
  const door = doorOf("localhost");
  const stop = new URL(`${VM}/stop`, "http://localhost:4020");
  const operator = operatorAt(stop);
  const headers = operator.headers("POST", stop);
  const facts = factsOf("POST", stop, headers);
  assert.deepEqual(await door.caller(facts, "machine"), me);
  await assert.rejects(door.caller({ ...facts, method: "GET" }, "machine"), /Invalid method/);
  await assert.rejects(door.caller({ ...facts, path: `${VM}/erase` }, "machine"), /Invalid path/);
  await assert.rejects(doorOf("other").caller(facts, "machine"), /Invalid domain/);
  clock.ms += 120_001;
  await assert.rejects(door.caller(facts, "machine"), /Invalid X-SignedOperation fields/);
  const later = factsOf("POST", stop, operator.headers("POST", stop));
  assert.deepEqual(await door.caller(later, "machine"), me);
  clock.ms += 86_400_000;
  const stale = factsOf("POST", stop, operator.headers("POST", stop));
  await assert.rejects(door.caller(stale, "machine"), /Token expired/);
});

test("signing: what a path has percent-encoded is signed as it is meant", async () => {
  const url = new URL("http://localhost:4020/control/machine/a%20b%C3%A9/stop");
  const operator = operatorAt(url);
  const facts = factsOf("POST", url, operator.headers("POST", url));
  assert.equal(facts.path, "/control/machine/a bé/stop");
  assert.deepEqual(await doorOf("localhost").caller(facts, "machine"), me);
});

test("signing: the first message of a watcher lets the wallet in", async () => {
  const url = new URL(`${VM}/stream_logs`, "ws://localhost:4020");
  const frame = operatorAt(url).watchFrame(url);
  assert.deepEqual(await doorOf("localhost").watcher(frame), { caller: me });
  assert.deepEqual(await doorOf("other").watcher(frame), { refused: "Invalid domain" });
});

test("signing: a signed allocation counts once, and another of the same second counts, too", async () => {
  const door = doorOf("localhost");
  const url = new URL("http://localhost:4020/control/allocations");
  const body = Buffer.from('{"persistent_vms":[],"instances":[]}');
  const facts = (): RequestFacts => ({
    method: "POST",
    path: url.pathname,
    hasQuery: false,
    authorization: allocationAuthorization(wallet, { method: "POST", url, body }, now()),
    contentLength: body.length,
    body: async () => body,
  });
  const one = facts();
  assert.deepEqual(await door.caller(one, "scheduler"), { kind: "administrator" });
  await assert.rejects(door.caller(one, "scheduler"), /Authentication token/);
  assert.deepEqual(await door.caller(facts(), "scheduler"), { kind: "administrator" });
});

test("signing: a wallet is read from bytes or from digits", async () => {
  await using dir = await keyDir();
  for (const contents of [Buffer.from(SECRET, "hex"), `0x${SECRET}\n`, SECRET.toUpperCase()]) {
    const file = await dir.file(contents, 0o600);
    assert.equal(Wallet.fromFile(file).address, ADDRESS);
  }
  assert.ok(walletSignatures.isChecksummed(wallet.address));
});

test("signing: a file that is no key, or everybody's, is refused in words without what it holds", async () => {
  await using dir = await keyDir();
  for (const contents of ["", "secret word", SECRET.slice(2), `${SECRET}00`, "x".repeat(5000)]) {
    const file = await dir.file(contents, 0o600);
    assert.throws(() => Wallet.fromFile(file), usageErrorWithout("secret"));
  }
  const zero = await dir.file("0".repeat(64), 0o600);
  assert.throws(() => Wallet.fromFile(zero), usageErrorWithout("000000"));
  const open = await dir.file(SECRET, 0o640);
  assert.throws(() => Wallet.fromFile(open), /may be used by others; run: chmod 600/);
  assert.throws(() => Wallet.fromFile("/nonexistent/key"), /The key file cannot be read: ENOENT/);
});

function usageErrorWithout(secret: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError);
    assert.ok(!error.message.includes(secret), error.message);
    return true;
  };
}

interface KeyDir extends AsyncDisposable {
  file(contents: string | Uint8Array, mode: number): Promise<string>;
}

async function keyDir(): Promise<KeyDir> {
  const dir = await mkdtemp(path.join(tmpdir(), "alcove-wallet-"));
  const file = path.join(dir, "key");
  return {
    file: async (contents, mode) => {
      await writeFile(file, contents);
      await chmod(file, mode);
      return file;
    },
    [Symbol.asyncDispose]: async () => rm(dir, { recursive: true, force: true }),
  };
}
