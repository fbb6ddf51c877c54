/** Whatever stands in a file, it is told by line: reading it never throws, and what is taken is whole. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";

import {
  assert as assertProperty,
  constantFrom,
  nat,
  oneof,
  property,
  string,
  tuple,
} from "fast-check";

import { tempDir } from "#testing/temp-dir.ts";

import { readDaemonFile } from "./daemon-file.ts";

const WHOLE = `config:
  image: base
  github_user: somebody
  hypervisor: qemu
  graceful_shutdown: true
  api: { port: 8080, bind_address: 127.0.0.1, auth: { enabled: true } }
  host_groups:
    - &web
      name: web
      count: 1
      ram_mb: 512
      storage: image
      storage_size: 10G
      network: { mode: bridge, gateway: 10.1.0.1/24, range: 10.1.0.2-10.1.0.9 }
    - <<: *web
      name: box
      network: { mode: isolated, drop: [10.0.0.0/8] }
`;

/** what somebody might put where it does not belong */
const shard = oneof(
  string({ unit: "binary", maxLength: 8 }),
  constantFrom("\n", ":", "- ", "{", "}", "[", "*web", "&web ", "<<: ", "!!x ", "| ", "'", '"'),
  constantFrom("null", "-1", "1e99", ".nan", "0x10", "~", "[]", "{}", "? ", "%YAML 9\n", "---\n"),
);
const damage = tuple(nat(WHOLE.length), nat(12), shard);

test("file: one that is damaged anywhere is read without an exception, and told by line", async () => {
  await using dir = await tempDir();
  const file = `${dir.path}/slicer.yaml`;
  const told = /^.*slicer\.yaml:\d+: ./s;
  assertProperty(
    property(damage, damage, ([at, less, more], [again, less2, more2]) => {
      const once = WHOLE.slice(0, at) + more + WHOLE.slice(at + less);
      writeFileSync(file, once.slice(0, again) + more2 + once.slice(again + less2));
      const { settings, problems, warnings } = readDaemonFile(file, undefined);
      for (const text of [...problems, ...warnings]) assert.match(text, told);
      if (problems.length > 0) return;
      assert.ok(settings && settings.groups.length > 0);
      for (const group of settings.groups) {
        assert.match(group.name, /^[a-z][a-z0-9-]*$/);
        assert.ok(group.vcpus >= 1 && group.memoryMiB >= 64 && group.count >= 0);
      }
    }),
    { numRuns: 1_000 },
  );
});
