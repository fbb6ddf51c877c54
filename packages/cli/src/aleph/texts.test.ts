/** What of an Aleph node's answers is worked out from texts alone. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { completed, shortHashes } from "./hashes.ts";
import { pastEntries } from "./log-lines.ts";
import { isAsExpected, measurementIn } from "./measurement.ts";
import { parsePort, wishesAfter } from "./ports.ts";
import { capabilityRows, usageRows } from "./reports.ts";

const [A, B] = ["aa11".repeat(16), "bb22".repeat(16)];
const HASHES = [A, B];

test("hashes: a beginning that only one has, and as much of each as tells it apart", () => {
  assert.equal(completed("aa", HASHES), A);
  assert.equal(completed(A, []), A);
  assert.equal(completed("aa", [A, A]), A);
  assert.throws(
    () => completed("a", [A, `a${B.slice(1)}`]),
    /a is the beginning of aa11.* and ab22/,
  );
  assert.throws(() => completed("aa", ["aa/../../control/allocations"]), /no VM whose hash/);
  assert.throws(() => completed("f", HASHES), /no VM whose hash begins with f/);
  assert.throws(() => completed("AA", HASHES), /is no hash/);
  const near = `${A.slice(0, 20)}${B.slice(20)}`;
  const short = shortHashes([A, near, A]);
  assert.deepEqual([short(A).length, short(near).length], [24, 24]);
  assert.equal(shortHashes([A, B])(A), "aa11aa11aa11");
});

test("ports: read as written, and always sent as the whole list", () => {
  assert.deepEqual(parsePort("53/tcp+udp"), { port: 53, tcp: true, udp: true });
  assert.deepEqual(parsePort("80"), { port: 80, tcp: true, udp: false });
  for (const text of ["0", "65536", "80/sctp", "", "-1", "8 0"])
    assert.throws(() => parsePort(text), text);
  const current = [parsePort("22"), parsePort("53/tcp+udp"), parsePort("80")];
  assert.deepEqual(
    wishesAfter(current, [parsePort("80/udp")], [parsePort("53"), parsePort("22")]),
    {
      53: { tcp: false, udp: true },
      80: { tcp: true, udp: true },
    },
  );
});

test("logs: a list that comes in pieces, however they are cut", async () => {
  const entries = [{ MESSAGE: "a]," }, { MESSAGE: "é, [" }, { MESSAGE: "" }];
  const bytes = Buffer.from(`[${entries.map((entry) => JSON.stringify(entry)).join(",\n")}]`);
  for (const size of [1, 7, 1_000]) {
    const pieces = (async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })();
    assert.deepEqual(await Array.fromAsync(pastEntries(pieces)), entries);
  }
  const empty = (async function* () {
    yield Buffer.from("[]");
  })();
  assert.deepEqual(await Array.fromAsync(pastEntries(empty)), []);
  const other = (async function* () {
    yield Buffer.from("[1]");
  })();
  await assert.rejects(Array.fromAsync(pastEntries(other)), /no list of entries/);
});

test("measurement: of this firmware under this policy, with this key, and of nothing else", () => {
  const firmware = Buffer.from("aleph-wire test firmware\n");
  const tik = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
  const answer = {
    sev_info: { enabled: true, api_major: 1, api_minor: 55, build_id: 24, policy: 1, state: "x" },
    launch_measure: "FUhh6syUywO2O5C2xllUkMTP5emJ4s6dTFKdHH26ls+goaKjpKWmp6ipqqusra6v",
  };
  const measurement = measurementIn(answer);
  assert.ok(isAsExpected(measurement, { firmware, tik, policy: 1 }));
  assert.ok(!isAsExpected(measurement, { firmware, tik, policy: 3 }));
  assert.ok(!isAsExpected(measurement, { firmware: firmware.subarray(1), tik, policy: 1 }));
  assert.ok(!isAsExpected(measurement, { firmware, tik: Buffer.alloc(16), policy: 1 }));
  assert.throws(() => measurementIn({ ...answer, launch_measure: "QUJD" }), /length/);
  assert.throws(() => measurementIn([]), /length/);
});

test("reports: what a node does not say is not shown", () => {
  assert.deepEqual(usageRows({ mem: { available_kB: 1_048_576, total_kB: 2_097_152 } }), [
    ["memory", "1000MiB free of 2.0GiB"],
  ]);
  assert.deepEqual(capabilityRows({ cpu: { model: "X", features: [] }, memory: { type: "" } }), [
    ["processor", "X"],
    ["confidential", "no"],
  ]);
});
