import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { blobsOf, canonicalJson, contentId, type ImageContent, manifestOf } from "./manifest.ts";
import { parseImageName, parseImageReference } from "./reference.ts";

const blob = (digit: string) => ({ digest: digit.repeat(64), sizeBytes: 1 });

const CONTENT: ImageContent = {
  schema: 1,
  kind: "image",
  name: "base",
  kernel: {
    name: "k",
    release: "6.1",
    vmlinux: blob("1"),
    initramfs: blob("2"),
    args: [],
    source: "linux=1",
  },
  preferredKernels: [],
  rootfs: { blob: blob("3"), format: "raw", filesystem: "ext4", virtualSizeBytes: 1 },
  args: ["root=/dev/vda"],
  init: "alcove",
  agentVersion: "1",
  defaultUser: null,
  packages: ["a=1"],
};

const digits = (content: ImageContent) => blobsOf(content).map(({ digest }) => digest[0]);

describe("manifest", () => {
  test("canonical JSON sorts keys at every depth, keeps lists, and has no white space", () => {
    const value = { b: [{ z: 1, a: null }, "x"], a: { d: true, c: undefined } };
    assert.equal(canonicalJson(value), '{"a":{"d":true},"b":[{"a":null,"z":1},"x"]}');
  });

  test("the id does not depend on the order of keys nor on the moment", () => {
    const turned = Object.fromEntries(Object.entries(CONTENT).toReversed());
    assert.equal(contentId(turned), contentId(CONTENT));
    const first = manifestOf(CONTENT, new Date(0));
    const second = manifestOf(CONTENT, new Date(1e12));
    assert.equal(first.id, second.id);
    assert.notEqual(first.createdAt, second.createdAt);
  });

  test("the id depends on every part", () => {
    const others: Partial<ImageContent>[] = [
      { name: "other" },
      { init: "systemd" },
      { packages: ["a=2"] },
      { rootfs: { ...CONTENT.rootfs, blob: blob("4") } },
      { kernel: { ...CONTENT.kernel, initramfs: null } },
    ];
    const ids = [CONTENT, ...others.map((other) => ({ ...CONTENT, ...other }))].map(contentId);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("the id of a given content never changes", () => {
    assert.equal(
      contentId({ schema: 1, list: ["a", 2], none: null }),
      "25bd0499408168bb5ecba44840b2916f43ec1b920fc8977ced9e28e0a91be75f",
    );
  });

  test("names its blobs, with or without an initramfs", () => {
    assert.deepEqual(digits(CONTENT), ["1", "2", "3"]);
    assert.deepEqual(digits({ ...CONTENT, kernel: { ...CONTENT.kernel, initramfs: null } }), [
      "1",
      "3",
    ]);
  });
});

describe("image reference", () => {
  test("is a name, or the beginning of an id", () => {
    assert.deepEqual(parseImageReference("base"), { kind: "name", name: "base" });
    assert.deepEqual(parseImageReference("abcdef01"), { kind: "id", prefix: "abcdef01" });
  });

  for (const bad of [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "Base",
    "-x",
    "x-",
    "a b",
    "x".repeat(65),
    "abcdef01",
  ]) {
    test(`the name ${JSON.stringify(bad.slice(0, 12))} is refused`, () => {
      assert.throws(() => parseImageName(bad), { code: "invalid_request" });
    });
  }
});
