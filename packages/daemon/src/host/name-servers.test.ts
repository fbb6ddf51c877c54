/** Which of the host's name servers guests are told of. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { hostNameServers } from "./name-servers.ts";

test("name servers: those that others can ask, in order, of the first file that has any", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "name-servers-"));
  try {
    const stub = path.join(directory, "stub");
    const full = path.join(directory, "full");
    await writeFile(stub, "# nameserver 192.0.2.1\nnameserver 127.0.0.53\nnameserver ::1\n");
    await writeFile(
      full,
      "search x\nnameserver fe80::1%eth0\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n" +
        "nameserver 192.0.2.53\nnameserver no.address\nnameserver 192.0.2.54\nnameserver 192.0.2.55\n",
    );
    const three = ["192.0.2.53", "2001:db8::53", "192.0.2.54"];
    assert.deepEqual(await hostNameServers([stub, full]), three);
    assert.deepEqual(await hostNameServers([path.join(directory, "none"), full]), three);
    assert.deepEqual(await hostNameServers([stub]), []);
  } finally {
    await rm(directory, { recursive: true });
  }
});
