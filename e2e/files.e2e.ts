/** Files into and out of a real guest: contract A12. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { before } from "node:test";
import { Readable } from "node:stream";

import type { Query } from "./harness/api.ts";
import { sh } from "./harness/exec.ts";
import { asObjects, textIn } from "./harness/json-value.ts";
import { entriesOf, tarOf } from "./harness/tar.ts";
import { suite } from "./harness/test-host.ts";
import { until } from "./harness/until.ts";

const MIB = 1024 * 1024;
const BIG_MIB = 256;
const ALLOWED_GROWTH_BYTES = 64 * MIB;

suite("files", {}, (host, story) => {
  let vm = "";
  before(async () => {
    vm = await host.createVm();
  });
  const root = { uid: 0, gid: 0 };
  const put = (query: Query, body: string | Buffer | Readable) =>
    host.api.post(`/vm/${vm}/cp`, { query, body });
  const get = (query: Query, headers = {}) => host.api.get(`/vm/${vm}/cp`, { query, headers });
  const inGuest = (script: string) => sh(host.api, vm, script);
  const mode = (path: string) => inGuest(`stat -c '%u:%g %a' ${path}`);
  const putOk = async (query: Query, body: string | Buffer) => {
    const answer = await put(query, body);
    assert.equal(answer.status, 200, answer.text);
  };

  story("256 MiB of random bytes, in and out again, and the daemon stays small", async () => {
    await putOk({ path: "/root/warm", ...root }, randomBytes(4 * MIB));
    await get({ path: "/root/warm" });
    const block = randomBytes(MIB);
    const sent = createHash("sha256");
    const blocks = function* () {
      for (let index = 0; index < BIG_MIB; index += 1) {
        block.writeUInt32LE(index);
        sent.update(block);
        yield Buffer.from(block);
      }
    };
    const memory = new PeakOf(() => host.daemon.residentBytes);
    const answer = await memory.during(() =>
      put({ path: "/root/big", ...root }, Readable.from(blocks(), { objectMode: false })),
    );
    assert.equal(answer.status, 200, answer.text);
    assert.ok(memory.growth < ALLOWED_GROWTH_BYTES, `in: grew by ${memory.growth} bytes`);

    const received = createHash("sha256");
    let size = 0;
    const out = new PeakOf(() => host.daemon.residentBytes);
    await out.during(async () => {
      const { response } = await host.api.open("GET", `/vm/${vm}/cp`, {
        query: { path: "/root/big" },
      });
      assert.equal(response.headers["content-length"], String(BIG_MIB * MIB));
      for await (const chunk of response) {
        received.update(chunk);
        size += chunk.length;
      }
    });
    assert.equal(size, BIG_MIB * MIB);
    assert.equal(received.digest("hex"), sent.digest("hex"));
    assert.ok(out.growth < ALLOWED_GROWTH_BYTES, `out: grew by ${out.growth} bytes`);
    await inGuest("rm /root/big /root/warm");
  });

  story("a tree keeps its modes and times, and comes back with clean names", async () => {
    const tree = tarOf(
      { name: "run.sh", mode: 0o755, mtime: 1_500_000_001, content: "#!/bin/sh\n" },
      { name: "sub/", type: "5", mode: 0o750, mtime: 1_500_000_002 },
      { name: "sub/secret file+1", mode: 0o600, mtime: 1_500_000_003, content: "s" },
      { name: "suid", mode: 0o6755, mtime: 1_500_000_004, content: "" },
    );
    await putOk({ path: "/srv/tree", mode: "tar", ...root }, tree);
    const listed = await inGuest("cd /srv/tree && stat -c '%n %a %Y' run.sh sub sub/* suid");
    assert.equal(
      listed,
      "run.sh 755 1500000001\nsub 750 1500000002\nsub/secret file+1 600 1500000003\nsuid 755 1500000004",
    );
    const answer = await get({ path: "/srv/tree", mode: "tar" });
    assert.equal(answer.headers["content-type"], "application/x-tar");
    const entries = entriesOf(answer.body).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(
      entries.map((entry) => [entry.name, entry.mode, entry.mtime, entry.content]),
      [
        ["run.sh", 0o755, 1_500_000_001, "#!/bin/sh\n"],
        ["sub/", 0o750, 1_500_000_002, ""],
        ["sub/secret file+1", 0o600, 1_500_000_003, "s"],
        ["suid", 0o755, 1_500_000_004, ""],
      ],
    );
    const part = entriesOf((await get({ path: "/srv/tree", mode: "tar", exclude: ["sub"] })).body);
    assert.deepEqual(part.map(({ name }) => name).toSorted(), ["run.sh", "suid"]);
  });

  story(
    "owner and mode: as given, else the default user and 0644, else what was there",
    async () => {
      await putOk({ path: "~/new/deep/a" }, "a");
      assert.equal(await mode("/home/alcove/new/deep/a"), "1000:1000 644");
      assert.equal(await mode("/home/alcove/new"), "1000:1000 755");
      await putOk({ path: "/srv/b", uid: 0, gid: 0, permissions: "0640" }, "b");
      assert.equal(await mode("/srv/b"), "0:0 640");
      await putOk({ path: "/srv/b", ...root }, "again");
      assert.equal(await mode("/srv/b"), "0:0 640");
      await putOk({ path: "/srv/c", uid: 4_294_967_295, gid: 4_294_967_295 }, "c");
      assert.equal(await mode("/srv/c"), "1000:1000 644");
      await putOk({ path: "/srv/d", uid: 77, gid: 88 }, "d");
      assert.equal(await mode("/srv/d"), "77:88 644");
      await putOk({ path: "~/of-root", ...root }, "r");
      assert.equal(await mode("/root/of-root"), "0:0 644");
      const answer = await get({ path: "/srv/b" });
      assert.equal(Number.parseInt(String(answer.headers["x-slicer-file-mode"]), 8), 0o640);
      assert.match(String(answer.headers["x-slicer-file-mode"]), /^[0-7]+$/);
      assert.equal(answer.headers["content-type"], "application/octet-stream");
      assert.deepEqual([answer.text, answer.headers["content-length"]], ["again", "5"]);
    },
  );

  story("a tar by Content-Type or Accept alone; an empty directory; an empty file", async () => {
    const answer = await host.api.post(`/vm/${vm}/cp`, {
      query: { path: "/srv/typed", ...root },
      headers: { "content-type": "application/x-tar" },
      body: tarOf({ name: "x", content: "1" }),
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(await inGuest("cat /srv/typed/x"), "1");
    const back = await get({ path: "/srv/typed" }, { accept: "application/x-tar" });
    assert.deepEqual(
      entriesOf(back.body).map(({ name }) => name),
      ["x"],
    );
    await inGuest("mkdir /srv/empty; : > /srv/nothing");
    assert.deepEqual(entriesOf((await get({ path: "/srv/empty", mode: "tar" })).body), []);
    const nothing = await get({ path: "/srv/nothing" });
    assert.deepEqual([nothing.status, nothing.body.length], [200, 0]);
  });

  story("cp-v1 places things as cp -r does", async () => {
    const v1 = { copy_semantics: "cp-v1", ...root };
    const file = { ...v1, mode: "cp-v1-binary", source_type: "file", source_name: "f.txt" };
    await inGuest("mkdir -p /srv/v1/there; echo old > /srv/v1/plain");
    await putOk({ ...file, path: "/srv/v1/there" }, "into");
    assert.equal(await inGuest("cat /srv/v1/there/f.txt"), "into");
    await putOk({ ...file, path: "/srv/v1/exact" }, "exact");
    assert.equal(await inGuest("cat /srv/v1/exact"), "exact");
    assert.equal((await put({ ...file, path: "/srv/v1/missing/" }, "x")).status, 400);

    const directory = { ...v1, mode: "cp-v1-tar", source_type: "directory", source_name: "proj" };
    const tree = tarOf({ name: "a", content: "1" });
    await putOk({ ...directory, path: "/srv/v1/there" }, tree);
    await putOk({ ...directory, path: "/srv/v1/fresh" }, tree);
    await putOk({ ...directory, path: "/srv/v1/there", copy_contents: true }, tree);
    assert.equal(await inGuest("cd /srv/v1; cat there/proj/a fresh/a there/a"), "111");
    assert.equal((await put({ ...directory, path: "/srv/v1/plain" }, tree)).status, 400);
  });

  story("cp-v1 out: type and name in headers, recursive decides by itself", async () => {
    const out = async (path: string, how: string) => {
      const answer = await get({ path, mode: how, copy_semantics: "cp-v1" });
      assert.equal(answer.status, 200, answer.text);
      const { headers } = answer;
      return [headers["x-slicer-source-type"], headers["x-slicer-source-name-base64"]];
    };
    await inGuest("mkdir -p '/srv/o/ö d'; echo x > /srv/o/file");
    assert.deepEqual(await out("/srv/o/file", "cp-v1-binary"), ["file", inBase64("file")]);
    assert.deepEqual(await out("/srv/o/file", "cp-v1-recursive"), ["file", inBase64("file")]);
    assert.deepEqual(await out("/srv/o/ö d", "cp-v1-recursive"), ["directory", inBase64("ö d")]);
    assert.deepEqual(await out("/srv/o", "cp-v1-tar"), ["directory", inBase64("o")]);
    const tarOfFile = await get({ path: "/srv/o/file", mode: "cp-v1-tar" });
    assert.equal(tarOfFile.status, 400);
    const contents = await get({ path: "/srv/o/.", mode: "cp-v1-recursive" });
    assert.equal(contents.headers["x-slicer-source-type"], "directory");
    const names = entriesOf(contents.body).map((entry) => entry.name);
    assert.deepEqual(names.toSorted(), ["file", "ö d/"]);
  });

  story("fs: a directory is made, looked at, listed and removed", async () => {
    const fs = `/vm/${vm}/fs`;
    const made = await host.api.post(`${fs}/mkdir`, {
      json: { path: "/srv/fs/sub", recursive: true },
    });
    assert.equal(made.status, 200, made.text);
    await inGuest(
      "echo hello > /srv/fs/a && ln -s a /srv/fs/link && touch -d @1500000000 /srv/fs/a",
    );
    const stat = await host.api.get(`${fs}/stat?path=/srv/fs/a`);
    assert.deepEqual(stat.json, {
      name: "a",
      type: "file",
      size: 6,
      mtime: "2017-07-14T02:40:00.000Z",
      mode: "0644",
      uid: 0,
      gid: 0,
    });
    const entries = asObjects((await host.api.get(`${fs}/readdir?path=/srv/fs`)).json);
    const kinds = entries.map((entry) => `${textIn(entry, "name")}: ${textIn(entry, "type")}`);
    assert.deepEqual(new Set(kinds), new Set(["a: file", "link: symlink", "sub: directory"]));
    const full = await host.api.delete(`${fs}/remove?path=/srv/fs&recursive=false`);
    assert.equal(full.status, 400, full.text);
    const gone = await host.api.delete(`${fs}/remove?path=/srv/fs&recursive=true`);
    assert.equal(gone.status, 200, gone.text);
    assert.equal((await host.api.get(`${fs}/stat?path=/srv/fs`)).status, 404);
  });

  story("what the kernel makes up is left out of a tree: it would have no end", async () => {
    await inGuest(
      "mkdir -p /srv/mixed/proc && echo hi > /srv/mixed/a && mount -t proc none /srv/mixed/proc",
    );
    const { body } = await get({ path: "/srv/mixed", mode: "tar" });
    assert.deepEqual(
      entriesOf(body).map(({ name }) => name),
      ["a", "proc/"],
    );
    const own = await get({ path: "/proc/sys/kernel/ostype", mode: "binary" });
    assert.equal(own.body.toString(), "Linux\n");
    await inGuest("umount /srv/mixed/proc");
  });

  story("refusals carry the words that Go's client looks for", async () => {
    const refused = async (answer: ReturnType<typeof get>, status: number, words: RegExp) => {
      const { status: was, json } = await answer;
      assert.equal(was, status, JSON.stringify(json));
      assert.match(textIn(json, "error"), words);
    };
    await refused(
      get({ path: "/srv", mode: "binary" }),
      400,
      /must specify a file not a directory/,
    );
    await refused(
      get({ path: "/srv", mode: "cp-v1-binary" }),
      400,
      /must specify a file not a dir/,
    );
    await refused(get({ path: "/srv", mode: "zip" }), 400, /invalid mode: zip/);
    await refused(
      put({ path: "/srv/x", mode: "zip" }, randomBytes(8 * MIB)),
      400,
      /invalid mode: zip/,
    );
    for (const how of ["binary", "tar", "cp-v1-recursive"]) {
      await refused(get({ path: "/no/such", mode: how }), 404, /no.such/i);
    }
    await refused(get({}), 400, /path/);
    await refused(put({}, "x"), 400, /path/);
    await refused(put({ path: "/srv", ...root }, "x"), 400, /directory/i);
    await refused(put({ path: "/srv/x", permissions: "rwx" }, "x"), 400, /permissions/);
    await refused(put({ path: "/srv/x", uid: "me" }, "x"), 400, /uid/);
    await refused(put({ path: "/srv/bad", mode: "tar" }, randomBytes(4096)), 400, /./);
    assert.equal((await host.api.get("/vm/sbox-999/cp", { query: { path: "/x" } })).status, 404);
  });

  story("hostile archives write nothing outside, and are refused", async () => {
    await inGuest("mkdir -p /srv/jail; ln -s /etc /srv/jail/out");
    const jail = { path: "/srv/jail", mode: "tar", ...root };
    const hostile = [
      tarOf({ name: "/etc/evil", content: "x" }),
      tarOf({ name: "../evil", content: "x" }),
      tarOf({ name: "a/../../evil", content: "x" }),
      tarOf({ name: "out/evil", content: "x" }),
    ];
    for (const archive of hostile) assert.equal((await put(jail, archive)).status, 400);
    const tricks = tarOf(
      { name: "link", type: "2", link: "/etc" },
      { name: "link/evil", content: "x" },
      { name: "hard", type: "1", link: "/etc/shadow" },
      { name: "dev", type: "3", mode: 0o666 },
      { name: "honest", content: "ok" },
    );
    const answer = await put(jail, tricks);
    assert.ok([200, 400].includes(answer.status), answer.text);
    assert.equal(await inGuest("ls /etc/evil /srv/evil /evil 2>/dev/null | wc -l"), "0");
    const odd = "find /srv/jail ! -type f ! -type d ! -name out | wc -l";
    assert.equal(await inGuest(odd), "0");
    assert.equal(await inGuest("find /srv/jail -type f -links +1 | wc -l"), "0");
  });

  story("an upload that breaks off leaves nothing, and the old file as it was", async () => {
    await putOk({ path: "/srv/kept", ...root }, "old");
    const request = host.api.begin("POST", `/vm/${vm}/cp`, {
      query: { path: "/srv/kept", ...root },
    });
    request.on("error", () => {}); // cut off on purpose
    request.write(randomBytes(MIB));
    await until("the guest has begun", async () => (await inGuest("ls -A /srv | wc -l")) !== "0");
    request.destroy();
    const leftovers = "find /srv -maxdepth 1 -newer /srv/kept -type f | wc -l";
    await until("no temporary file is left", async () => (await inGuest(leftovers)) === "0");
    assert.equal(await inGuest("cat /srv/kept"), "old");
  });

  story("a full guest disk answers 413, and the guest goes on", async () => {
    await inGuest("fallocate -l $(($(df --output=avail -B1 / | tail -1) - 2097152)) /srv/fill");
    const full = await put({ path: "/srv/too-much", ...root }, randomBytes(24 * MIB));
    assert.equal(full.status, 413, full.text);
    const early = await host.api.post(`/vm/${vm}/cp`, {
      query: { path: "/srv/too-much-tree", mode: "tar", ...root },
      headers: { "x-slicer-unpacked-size": String(24 * MIB) },
      body: tarOf({ name: "x", content: "1" }),
    });
    assert.equal(early.status, 413, early.text);
    assert.equal(await inGuest("ls /srv/too-much 2>/dev/null | wc -l"), "0");
    await inGuest("rm /srv/fill");
    await putOk({ path: "/srv/too-much", ...root }, randomBytes(24 * MIB));
    await host.deleteVm(vm);
  });
});

function inBase64(name: string): string {
  return Buffer.from(name).toString("base64url");
}

/** The most that a number was while something went on. */
class PeakOf {
  readonly #look: () => number;
  #atFirst = 0;
  #peak = 0;

  constructor(look: () => number) {
    this.#look = look;
  }

  get growth(): number {
    return this.#peak - this.#atFirst;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#atFirst = this.#peak = this.#look();
    const timer = setInterval(() => (this.#peak = Math.max(this.#peak, this.#look())), 20);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      this.#peak = Math.max(this.#peak, this.#look());
    }
  }
}
