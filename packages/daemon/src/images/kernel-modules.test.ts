import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { loadOrder, parseModulesDep, withoutSignature } from "./kernel-modules.ts";

const DEP = `kernel/lib/crc16.ko:
kernel/fs/mbcache.ko:
kernel/fs/jbd2/jbd2.ko:
kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko kernel/net/core/failover.ko
kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko
kernel/net/core/failover.ko:
kernel/drivers/char/hw_random/virtio-rng.ko:
`;
const BUILT_IN = "kernel/crypto/crc32c_generic.ko\n";

describe("kernel modules", () => {
  const tree = parseModulesDep(DEP);

  test("come after everything they need, each once", () => {
    const order = loadOrder(tree, ["virtio_net", "ext4", "virtio_net"], BUILT_IN);
    assert.equal(order.length, 7);
    assert.equal(new Set(order).size, 7);
    for (const [index, file] of order.entries()) {
      for (const needed of tree.get(file) ?? [])
        assert.ok(order.indexOf(needed) < index, `${file} is too early`);
    }
  });

  test("are found with dash or underscore, and by path", () => {
    const expected = ["kernel/drivers/char/hw_random/virtio-rng.ko"];
    assert.deepEqual(loadOrder(tree, ["virtio_rng"], ""), expected);
    assert.deepEqual(loadOrder(tree, expected, ""), expected);
  });

  test("that are built in are skipped, and unknown ones named", () => {
    assert.deepEqual(loadOrder(tree, ["crc32c-generic"], BUILT_IN), []);
    assert.throws(() => loadOrder(tree, ["nonesuch"], BUILT_IN), /no module nonesuch/);
  });

  test("lose their appended signature and nothing else", () => {
    const module = Buffer.from("module code");
    const info = Buffer.alloc(12);
    info.writeUInt32BE(5, 8);
    const signed = Buffer.concat([
      module,
      Buffer.from("12345"),
      info,
      Buffer.from("~Module signature appended~\n"),
    ]);
    assert.deepEqual(withoutSignature(signed), module);
    assert.deepEqual(withoutSignature(module), module);
    info.writeUInt32BE(5000, 8);
    const absurd = Buffer.concat([module, info, Buffer.from("~Module signature appended~\n")]);
    assert.throws(() => withoutSignature(absurd), /longer than the module/);
  });
});
