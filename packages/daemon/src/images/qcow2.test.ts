import assert from "node:assert/strict";
import { mkdtempDisposable, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { GIB, MIB } from "#lib/bytes.ts";
import { runText } from "#process/run.ts";

import { emptyOverlay } from "./qcow2.ts";

const never = new AbortController().signal;

for (const virtualSizeBytes of [64 * MIB, 4 * GIB, 600 * GIB]) {
  test(`qcow2: qemu-img finds nothing wrong with an empty overlay of ${virtualSizeBytes} bytes`, async () => {
    await using scratch = await mkdtempDisposable(path.join(tmpdir(), "alcove-qcow2-"));
    const backingPath = path.join(scratch.path, "base.raw");
    await writeFile(backingPath, "");
    await truncate(backingPath, virtualSizeBytes);
    const file = path.join(scratch.path, "overlay.qcow2");
    await writeFile(file, emptyOverlay({ virtualSizeBytes, backingPath, backingFormat: "raw" }));
    const info: unknown = JSON.parse(
      await runText({ file: "qemu-img", args: ["info", "--output=json", file] }, never),
    );
    assert.partialDeepStrictEqual(info, {
      format: "qcow2",
      "virtual-size": virtualSizeBytes,
      "backing-filename": backingPath,
      "backing-filename-format": "raw",
    });
    await runText({ file: "qemu-img", args: ["check", "-f", "qcow2", file] }, never);
  });
}

test("qcow2: a path that does not fit the header is refused", () => {
  const backingPath = `/${"x".repeat(2000)}`;
  assert.throws(
    () => emptyOverlay({ virtualSizeBytes: MIB, backingPath, backingFormat: "raw" }),
    /longer than qcow2 allows/,
  );
});
