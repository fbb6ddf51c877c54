import assert from "node:assert/strict";
import { test } from "node:test";

import type { DiskLayer } from "#core/ports/machine.ts";

import { diskNodes } from "./disk-nodes.ts";

/** what QEMU takes as a node's name, in characters */
const MAX_NAME_CHARS = 31;

test("disk nodes: on a hundred layers each has a name of its own that QEMU takes", () => {
  let backing: DiskLayer | undefined;
  for (let depth = 0; depth < 100; depth += 1) {
    backing = { path: `/layer${depth}`, format: "qcow2", backing };
  }
  const disk = { id: "root", path: "/top", format: "qcow2", readOnly: false, backing } as const;
  const opened: string[] = [];

  const nodes = diskNodes(disk, (path, access) => {
    opened.push(`${access} ${path}`);
    return path;
  });

  const names = nodes.map((node) => String(node["node-name"]));
  assert.equal(new Set(names).size, 202);
  assert.ok(names.every((name) => name.length <= MAX_NAME_CHARS));
  assert.equal(names.at(-1), "root");
  assert.deepEqual(opened.slice(0, 2), ["read-write /top", "read /layer99"]);
  assert.equal(nodes[1]?.["backing"], null);
});
