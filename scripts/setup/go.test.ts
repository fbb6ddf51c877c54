import assert from "node:assert/strict";
import { test } from "node:test";
import { isNewEnoughGo } from "./go.mjs";

const VERSIONS: readonly (readonly [said: string, verdict: boolean])[] = [
  ["go version go1.25.0 linux/amd64", true],
  ["go version go1.26.8 linux/amd64", true],
  ["go version go2.0 linux/arm64", true],
  ["go version devel go1.27-4f0b2f8e1c linux/amd64", true],
  ["go version go1.24.13 linux/amd64", false],
  ["go version go1.19.8 linux/amd64", false],
  ["go: go.mod requires go >= 1.25.0 (running go 1.23.1; GOTOOLCHAIN=local)", false],
  ["", false],
];

for (const [said, verdict] of VERSIONS) {
  test(`setup: "${said}" is ${verdict ? "" : "not "}a Go that the SDK's tests can use`, () => {
    assert.equal(isNewEnoughGo(said), verdict);
  });
}
