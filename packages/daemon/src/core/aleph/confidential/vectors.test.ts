/** Published outputs of sevctl, and numbers computed apart from this code. */

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";

import { GuestOwner, keyOf } from "../../../testing/guest-owner.ts";
import { readCertificate } from "./certificate.ts";
import { launchDigest, launchMeasure } from "./measurement.ts";
import { openPacket, sealPacket } from "./packet.ts";
import { pointOf, sharedSecret } from "./platform-keys.ts";
import { diskSecretOf, diskSecretTable, type TableStyle } from "./secret-table.ts";
import { derive, wrappingKeys } from "./session.ts";
import { acceptSession, ownerCertificate } from "./simulated-platform.ts";

const TEK = hex("101112131415161718191a1b1c1d1e1f");
const TIK = hex("000102030405060708090a0b0c0d0e0f");
const NONCE = hex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
const DIGEST = launchDigest(Buffer.from("aleph-wire test firmware\n"));

const PLATFORM = keyOf("aleph-wire platform PDH");
const OWNER = keyOf("aleph-wire guest owner DH");

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

function base64(text: string): Buffer {
  return Buffer.from(text, "base64");
}

test("keys are derived as SP 800-108 says", () => {
  const zeros = Buffer.alloc(16);
  const key = derive(zeros, 16, zeros, "sev-master-secret");
  assert.equal(key.toString("hex"), "ab4d269fcc62bedb4511d56c386ce706");
  const hash = createHmac("sha256", zeros).update(Buffer.alloc(4)).digest("hex");
  assert.equal(hash, "aa7855e13839dd767cd5da7c1ff5036540c9264b7a803029315e55375287b4af");
});

test("a key longer than a hash is of several blocks, and begins as its first", () => {
  const zeros = Buffer.alloc(16);
  assert.equal(derive(zeros, 48, zeros, "sev-kek").length, 48);
});

test("a launch is measured as sevctl expects it", () => {
  const measured = launchMeasure(hex("3569cf61a32a602b87185ac6e0f55913"), {
    api: { major: 1, minor: 40, build: 40 },
    policy: 3,
    digest: hex("c64bd101fc9a4a2ce0a27c408d9200911f139a895469b04a40a6fa2890830d23"),
    nonce: hex("c313fab511c216b1505b1b2ea9903c40"),
  });
  assert.equal(
    measured.toString("base64"),
    "lswbxWxI9gckya16JQvdFtpYmNO4b+3inAPpqsgoBI7DE/q1EcIWsVBbGy6pkDxA",
  );
});

const MEASURES: readonly [policy: number, measure: string][] = [
  [1, "154861eacc94cb03b63b90b6c6595490c4cfe5e989e2ce9d4c529d1c7dba96cf"],
  [3, "2203d5d4090af58d202843f80b43c6d167539bba9958b8e443e0de276c9ed6c7"],
];

for (const [policy, measure] of MEASURES) {
  test(`firmware is measured under policy ${policy}`, () => {
    const api = { major: 1, minor: 55, build: 24 };
    const launch = { api, policy, digest: DIGEST, nonce: NONCE };
    const measured = launchMeasure(TIK, launch).toString("hex");
    assert.equal(measured, measure + NONCE.toString("hex"));
  });
}

const SEVCTL_TABLE =
  "42f5741edd71664d963eef4287ff173b3a000000e5696873f084734992ec06879ce3da0b260000004d592d4c554b532d50415353504852415345000000000000";
const SDK_TABLE =
  "42f5741edd71664d963eef4287ff173b30000000e5696873f084734992ec06879ce3da0b1c00000068756e7465723200";

const TABLES: readonly [style: TableStyle, secret: string, table: string][] = [
  ["sevctl", "MY-LUKS-PASSPHRASE", SEVCTL_TABLE],
  ["sdk", "hunter2", SDK_TABLE],
];

for (const [style, secret, table] of TABLES) {
  test(`a secret's table is laid out as the ${style} does, and read again`, () => {
    assert.equal(diskSecretTable(secret, style).toString("hex"), table);
    assert.equal(diskSecretOf(hex(table)), secret);
  });
}

const PACKETS: readonly [style: TableStyle, header: string, secret: string][] = [
  [
    "sevctl",
    "AAAAAKxUdO1N0yx9mJ7FI9klWey8FSzeYQ4X8K71VzNKLU/KQsIsQxLjtbhaPUewqshX5Q==",
    "0U3e5PcXv0UW+H4tSBFKOdCYfKE1+j38Bc2fuO16mYiyI+sWx7INfn+lgYj56GL12yyinDa+lVfCCwD/2w5cPA==",
  ],
  [
    "sdk",
    "AAAAAKxUdO1N0yx9mJ7FI9klWexiNrnxshBPeCBifBDn5+WdE4rNOxS/K8T6CbLNNkhVLg==",
    "0U3e5PcXv0UW+H4tSBFKOaqYfKE1+j38Bc2fuO16mYiyI+sWxrINfn+lgYj56GL12yyinDa+lVfCCwD/2w5cPA==",
  ],
];

for (const [style, header, secret] of PACKETS) {
  test(`a packet with the table of the ${style} is the one that sevctl makes, and is opened`, () => {
    const keys = {
      tik: hex("c6d5a9956133050912b24bbe5c372686"),
      tek: hex("52a869b79ab9c13bb6a92b0561619cb3"),
    };
    const measured = base64("TLeA7607lZQntLjRY1/i+sbtdSZ+75zxpz4Px9hzpBLwItF5Q2o4prA++3ZZv9ZS");
    const measure = measured.subarray(0, 32);
    const table = diskSecretTable("MY-LUKS-PASSPHRASE", style);
    const packet = sealPacket({ table, iv: base64("rFR07U3TLH2YnsUj2SVZ7A=="), measure }, keys);
    assert.equal(Buffer.from(packet.header).toString("base64"), header);
    assert.equal(Buffer.from(packet.encrypted).toString("base64"), secret);
    assert.deepEqual(openPacket(packet, keys, measure), table);
  });
}

test("an owner's packet is made whole from his passphrase and the measurement", () => {
  const owner = new GuestOwner({ tek: TEK, tik: TIK });
  const measured = "FUhh6syUywO2O5C2xllUkMTP5emJ4s6dTFKdHH26ls+goaKjpKWmp6ipqqusra6v";
  const sealed = owner.seal("hunter2", measured, hex("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"));
  assert.deepEqual(sealed, {
    packetHeader: "AAAAALCxsrO0tba3uLm6u7y9vr/Gu1X2eaeVVIAysRtMp7XARhA0rq/i47QIagcubB9Grg==",
    secret: "kU4OqJjv1bTX52gzpTT+amcIgZYTq1riGDYcyAOKXHdBG6+vQttDN7gIH/9TpltS",
  });
});

const SHARED =
  "dd14f05253c341934e7ce2ebbc6bb6d2996807b4ab3d9cfae4656d067245f54d8c9aa1e024e32b119fe5df66df9f816e";
const SESSION =
  "QEFCQ0RFRkdISUpLTE1OT1ENUJtKAUoJyV6CQVnQ/5fP/YtBTTFi+6hteiWAwB4CUFFSU1RVVldYWVpbXF1eX9ECKQLN2mU3u3Q8ZKd3LQBWIeKnmqGYn5NP87R4RFP+i+5lyWC9ks6eAGNvJaCjkVAWA7mWjM2ZGMrlVXlpDic=";

test("owner and platform agree on the same secret, and on the same keys from it", () => {
  const shared = sharedSecret(OWNER, pointOf(PLATFORM));
  assert.equal(shared?.toString("hex"), SHARED);
  assert.deepEqual(sharedSecret(PLATFORM, pointOf(OWNER)), shared);
  const { master, kek, kik } = wrappingKeys(hex(SHARED), hex("404142434445464748494a4b4c4d4e4f"));
  assert.equal(master.toString("hex"), "31ddc8e2736f7a1e021e4ad288202564");
  assert.equal(kek.toString("hex"), "f97370d7fc9bc6d4bb85cb0adedc46d8");
  assert.equal(kik.toString("hex"), "ec308c6827d7a3ba77686eb28b5c9db8");
});

test("an owner's certificate is laid out byte by byte", () => {
  const godh = ownerCertificate(OWNER);
  assert.equal(godh.length, 2084);
  const start = "0100000000000000031000000300000002000000fe05d214";
  assert.equal(godh.subarray(0, 24).toString("hex"), start);
  assert.equal(
    createHash("sha256").update(godh).digest("hex"),
    "c9fbd5db0b52215d27987cafbfb03dd7f905f78be5c65e11b2cef14ea9e20344",
  );
  assert.deepEqual(readCertificate(godh)?.key, {
    curve: "P-384",
    x: Uint8Array.from(pointOf(OWNER).x),
    y: Uint8Array.from(pointOf(OWNER).y),
  });
});

test("a session is sealed as sevctl seals it, and opened by the platform", () => {
  const owner = new GuestOwner({ tek: TEK, tik: TIK }, OWNER);
  const fixed = {
    nonce: hex("404142434445464748494a4b4c4d4e4f"),
    wrapIv: hex("505152535455565758595a5b5c5d5e5f"),
  };
  const files = owner.session(ownerCertificate(PLATFORM), 1, fixed);
  assert.equal(files.session, SESSION);
  const keys = acceptSession(files, 1, PLATFORM);
  assert.deepEqual([Buffer.from(keys.tek), Buffer.from(keys.tik)], [TEK, TIK]);
});
