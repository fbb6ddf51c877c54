import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";

import { cpioArchive, type CpioEntry } from "./cpio.ts";

const ENTRIES: CpioEntry[] = [
  { kind: "directory", path: "dev", mode: 0o755 },
  { kind: "characterDevice", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
  { kind: "file", path: "init", mode: 0o755, content: Buffer.from("#!\n") },
  { kind: "symlink", path: "sh", target: "init" },
];

describe("cpio", () => {
  test("a record is the newc header in hexadecimal, the name, and padded content", () => {
    const [file] = ENTRIES.filter(({ kind }) => kind === "file");
    assert.ok(file);
    const archive = cpioArchive([file]).toString("latin1");
    const fields = [
      "070701",
      "00000001", // inode
      "000081ed", // regular file, 0755
      "00000000", // uid
      "00000000", // gid
      "00000001", // links
      "00000000", // mtime
      "00000003", // size
      "00000000", // device
      "00000000",
      "00000000", // special file
      "00000000",
      "00000005", // name with its zero byte
      "00000000", // checksum, unused
    ];
    assert.equal(archive.slice(0, 120), `${fields.join("")}init\0\0#!\n\0`);
    assert.equal(archive.length % 512, 0);
    assert.match(archive, /TRAILER!!!\0/);
  });

  test("device numbers, directory links and symlink targets are where the kernel looks", () => {
    const archive = cpioArchive(ENTRIES).toString("latin1");
    const device = archive.slice(archive.indexOf("dev/console") - 110);
    assert.equal(device.slice(14, 22), "00002180"); // character device, 0600
    assert.equal(device.slice(78, 94), "0000000500000001");
    assert.ok(archive.includes("sh\0\0\0\0init"));
  });

  test("the same entries always give the same bytes", () => {
    const digest = createHash("sha256").update(cpioArchive(ENTRIES)).digest("hex");
    assert.equal(digest, "99e6a1fe2ee73d808cad6e871f7cdd6735d8955e34cb18d2d1cda7c490edd1be");
  });
});
