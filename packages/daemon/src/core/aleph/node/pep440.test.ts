import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { compareVersions, formatVersion, parseVersion, type Version } from "./pep440.ts";

/** oldest first */
const IN_ORDER = [
  "1.0.dev0",
  "1.0.dev456",
  "1.0a1",
  "1.0a2.dev456",
  "1.0a12.dev456",
  "1.0a12",
  "1.0b1.dev456",
  "1.0b2",
  "1.0b2.post345.dev456",
  "1.0b2.post345",
  "1.0rc1.dev456",
  "1.0rc1",
  "1.0",
  "1.0+abc.5",
  "1.0+abc.7",
  "1.0+5",
  "1.0.post456.dev34",
  "1.0.post456",
  "1.1.dev1",
  "1.10.1",
  "1!0.1",
];

describe("pep 440", () => {
  test("versions: every one is newer than those before it", () => {
    const versions = IN_ORDER.map(mustParse);
    for (const [index, version] of versions.entries()) {
      const signs = versions.map((other) => Math.sign(compareVersions(version, other)));
      assert.deepEqual(
        signs,
        versions.map((_, other) => Math.sign(index - other)),
        IN_ORDER[index],
      );
    }
  });

  test("versions: what is written otherwise is the same, and written in one way", () => {
    const same = {
      "v1.0": "1.0",
      "1.5.1-12": "1.5.1.post12",
      "1.0-RC.2": "1.0rc2",
      "1.0.0": "1.0",
    };
    for (const [one, other] of Object.entries(same)) {
      assert.equal(compareVersions(mustParse(one), mustParse(other)), 0, one);
    }
    const spelt = ["v1.0", "1.5.1-12", "1.0-RC.2", "1.0.0", "1.0preview", "1.0_dev"];
    assert.deepEqual(
      spelt.map((text) => formatVersion(mustParse(text))),
      ["1.0", "1.5.1.post12", "1.0rc2", "1.0.0", "1.0rc0", "1.0.dev0"],
    );
  });

  test("versions: what is none is said to be none", () => {
    const none = ["zz", "", "1.5.1-12-gabc", "1..2", "1.0+", "9".repeat(200)];
    assert.deepEqual(
      none.map(parseVersion),
      none.map(() => undefined),
    );
  });
});

function mustParse(text: string): Version {
  const version = parseVersion(text);
  assert.ok(version, text);
  return version;
}
