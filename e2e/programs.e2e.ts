/** Programs and instances by request, on real guests: started by whoever calls them, and stopped when nobody does. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";

import { hostLabelOf, parseItemHash } from "../packages/daemon/src/core/aleph/item-hash.ts";
import { AlephNode, alephNodeSuite, instanceContent, storiesOf } from "./harness/aleph-node.ts";
import { asObject, type JsonObject, textIn } from "./harness/json-value.ts";
import { zipOf } from "./harness/zip.ts";
import { until } from "./harness/until.ts";

const OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const REUSE_S = 6;

/** Serves several at a time, with what every Debian has. */
const PROGRAM = String.raw`#!/usr/bin/perl
use strict; use IO::Socket::INET;
$SIG{CHLD} = 'IGNORE';
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 64, ReuseAddr => 1) or die $!;
print STDERR "the program serves at $ENV{PORT}\n";
while (my $c = $listener->accept) {
  next if fork;
  my $first = <$c>; exit 0 unless defined $first;
  my ($method, $path) = split / /, $first;
  my %h; while (my $l = <$c>) { $l =~ s/\r?\n//; last if $l eq ''; my ($k, $v) = split /: */, $l, 2; $h{lc $k} = $v; }
  if ($path =~ m{^/lifespan}) { print $c "HTTP/1.1 200 OK\r\n\r\n{\"Lifespan\": true}"; close $c; exit 0 }
  if ($path =~ m{^/mute}) { close $c; exit 0 }
  if ($path =~ m{^/nonsense}) { print $c "this is no HTTP\r\n\r\n"; close $c; exit 0 }
  sleep 60 if $path =~ m{^/slow};
  my $size = 0;
  if ($h{'transfer-encoding'}) {
    while (my $n = hex(scalar <$c>)) { my $got = 0; while ($got < $n) { my $r = read($c, my $b, $n - $got); $got += $r } $size += $n; scalar <$c> }
  } elsif ($h{'content-length'}) { my $got = 0; while ($got < $h{'content-length'}) { my $r = read($c, my $b, 65536 < $h{'content-length'} - $got ? 65536 : $h{'content-length'} - $got); last unless $r; $got += $r } $size = $got }
  if ($path =~ m{^/much}) {
    print $c "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"; print $c 'x' x 65536 for 1 .. 256; close $c; exit 0;
  }
  my $seen = join "\n", "method=$method", "path=$path", "body=$size", "parent=" . getppid, "greeting=$ENV{GREETING}", "custom=$h{'x-custom'}", "host=$h{host}", '';
  print $c "HTTP/1.1 201 Made\r\nX-Mine: yes\r\nVary: Accept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: text/plain\r\nContent-Length: " . length($seen) . "\r\n\r\n"; print $c $seen unless $method eq 'HEAD';
  close $c; exit 0;
}
`;

alephNodeSuite("aleph programs", () => {
  const program = randomBytes(32).toString("hex");
  let node: AlephNode;
  let scratch: string;
  let runtime: string;
  let code: string;

  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), "aleph-programs-"));
    node = await AlephNode.on({
      ALEPH_VM_REUSE_TIMEOUT: String(REUSE_S),
      ALEPH_VM_CHECK_FASTAPI_VM_ID: program,
      // Those of earlier stories count until they are stopped.
      ALEPH_VM_PROGRAM_MEMORY_RESERVED_MIB: "1536",
      ALEPH_VM_START_ID_INDEX: String(100 + (process.pid % 3900)),
    });
    await node.host.open();
    runtime = node.addBaseImage();
    const file = path.join(scratch, "program.pl");
    writeFileSync(file, PROGRAM);
    code = node.addFile(file);
  });
  after(async () => {
    await node.eraseAll();
    await node.host.close();
    rmSync(scratch, { recursive: true });
  });

  /** one story after the other: each goes on where the last one ended */
  const story = storiesOf("aleph programs", () => node);

  const put = (vm: string, content: JsonObject) => {
    const messages = path.join(node.storeDir, "messages");
    mkdirSync(messages, { recursive: true });
    writeFileSync(path.join(messages, `${vm}.json`), JSON.stringify(content));
  };
  const runs = async () => (await node.listed(program))?.["running"] === true;
  const parent = async () => /parent=(\d+)/.exec((await call(node, "/")).text)?.[1];
  const at = (suffix: string) => `/vm/${program}${suffix}`;
  const call = (to: AlephNode, suffix: string, more: Partial<Asked> = {}) =>
    ask(to.port, { path: at(suffix), ...more });

  story("many call it at once, and it is started once", async () => {
    put(program, programContent(runtime, code));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => call(node, `/hello?n=${index}`)),
    );
    for (const [index, { status, text, headers }] of answers.entries()) {
      assert.equal(status, 201, text);
      assert.match(text, new RegExp(`path=/hello\\?n=${index}\n`));
      assert.match(text, /greeting=good day/);
      assert.equal(headers["aleph-program-itemhash"], program);
      assert.equal(headers["aleph-program-code-ref"], code);
      assert.equal(headers["x-mine"], "yes");
      assert.equal(headers["vary"], undefined);
      assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
    }
    const starters = new Set(answers.map(({ text }) => /parent=(\d+)/.exec(text)?.[1]));
    assert.equal(starters.size, 1);
    const logs = await node.asAdmin("GET", `/control/machine/${program}/logs`);
    assert.match(logs.text, /the program serves at 8080/);
    assert.equal(await runs(), true);
  });

  story("more of them at a time than its guest takes connections", async () => {
    const answers = await Promise.all(Array.from({ length: 150 }, () => call(node, "/many")));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  });

  story("methods, headers and bodies of any size pass through, both ways", async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, "y");
    const put8 = await call(node, "/up", { method: "PUT", body, headers: { "X-Custom": "mine" } });
    assert.match(put8.text, /method=PUT\npath=\/up\nbody=8388608\n/);
    assert.match(put8.text, /custom=mine/);
    const chunked = await call(node, "", {
      method: "POST",
      body,
      headers: { "Transfer-Encoding": "chunked" },
    });
    assert.match(chunked.text, /method=POST\npath=\/\nbody=8388608\n/);
    const much = await call(node, "/much");
    assert.equal(much.text.length, 256 * 65_536);
    const head = await call(node, "/", { method: "HEAD" });
    assert.equal(head.status, 201);
    assert.equal(head.text, "");
  });

  story("its host name means it, too, and the node's own name the node", async () => {
    const hash = parseItemHash(program);
    assert.ok(hash !== undefined);
    const host = `${hostLabelOf(hash)}.example.org`;
    const named = await ask(node.port, { path: "/deep/path?q=1", headers: { Host: host } });
    assert.match(named.text, /path=\/deep\/path\?q=1\n/);
    assert.match(named.text, new RegExp(`host=${host}`));
    const index = await ask(node.port, { path: "/", headers: { Host: "localhost" } });
    assert.equal(index.status, 200);
    assert.match(String(index.headers["content-type"]), /text\/html/);
  });

  story("the node's own check calls it, and believes what it sees", async () => {
    const { status, text } = await ask(node.port, { path: "/status/check/fastapi" });
    assert.equal(status, 503);
    const checks = asObject(JSON.parse(text));
    assert.equal(checks["lifespan"], true);
    assert.equal(checks["index"], false);
  });

  story("who takes too long, or answers nothing that is HTTP, is cut off", async () => {
    const slow = await call(node, "/slow");
    assert.equal(slow.status, 504);
    assert.deepEqual(JSON.parse(slow.text), {
      error: "Program did not respond within `resource.seconds`",
    });
    const nonsense = await call(node, "/nonsense");
    assert.equal(nonsense.status, 502);
    assert.equal(nonsense.text, "");
    const mute = await call(node, "/mute");
    assert.equal(mute.status, 502);
    assert.equal(mute.text, "VM did not respond and was shut down");
    await until("it is stopped", async () => !(await runs()));
  });

  story(
    "called again it runs anew, and is used again by a daemon that comes after a killed one",
    async () => {
      const first = await parent();
      await node.host.daemon.kill();
      await node.host.start();
      await until("the node is there again", runs);
      assert.equal(await parent(), first);
    },
  );

  story("nobody calls it for a while, and it is stopped", async () => {
    await until("it is stopped", async () => !(await runs()));
  });

  story("code comes as a disk, with what it needs beside it", async () => {
    const packed = randomBytes(32).toString("hex");
    const tree = path.join(scratch, "tree");
    mkdirSync(path.join(tree, "bin"), { recursive: true });
    writeFileSync(path.join(tree, "bin/serve"), PROGRAM, { mode: 0o755 });
    const disk = path.join(scratch, "code.ext4");
    execFileSync("mkfs.ext4", ["-q", "-d", tree, disk, "4M"]);
    const content = programContent(runtime, node.addFile(disk));
    const its = { ...asObject(content["code"]), encoding: "squashfs", entrypoint: "bin/serve" };
    put(packed, { ...content, code: its });
    const answer = await ask(node.port, { path: `/vm/${packed}/from/a/disk` });
    assert.match(answer.text, /path=\/from\/a\/disk\n/);
  });

  story(
    "an instance that has stopped is started by who calls it, and answers at its port 80",
    async () => {
      const vm = randomBytes(32).toString("hex");
      const key = path.join(scratch, "key");
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
      const authorized = [readFileSync(`${key}.pub`, "utf8").trim()];
      put(vm, instanceContent(OWNER, runtime, { authorized_keys: authorized }));
      const never = await ask(node.port, { path: `/vm/${vm}` });
      assert.equal(never.status, 404, never.text);
      const allocated = await node.allocate([vm]);
      assert.equal(allocated.status, 200, allocated.text);
      const stopped = await node.asAdmin("POST", `/control/machine/${vm}/stop`);
      assert.equal(stopped.status, 200, stopped.text);
      const called = ask(node.port, { path: `/vm/${vm}/of/the/instance` });
      const address = await until("it has an address", async () => {
        const entry = await node.listed(vm);
        return entry?.["running"] === true && textIn(asObject(entry["networking"]), "ipv4_ip");
      });
      const options = [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
      ];
      const words = ["-i", key, ...options.flatMap((one) => ["-o", one]), `root@${address}`];
      const server = PROGRAM.replaceAll("127.0.0.1", "0.0.0.0");
      await until("a server runs in it", async () => {
        const started = spawnSync(
          "ssh",
          [...words, "cat > /run/it; PORT=80 setsid perl /run/it >/dev/null 2>&1 </dev/null &"],
          {
            input: server,
          },
        );
        return started.status === 0;
      });
      const answer = await called;
      assert.equal(answer.status, 201, answer.text);
      assert.match(answer.text, /path=\/of\/the\/instance\n/);
      assert.equal(answer.headers["aleph-program-itemhash"], vm);
      assert.equal(answer.headers["vary"], "Accept");
    },
  );

  story("code comes as an archive, to a runtime that cannot unpack one", async () => {
    const packed = randomBytes(32).toString("hex");
    const archive = path.join(scratch, "code.zip");
    writeFileSync(archive, zipOf("bin/serve", PROGRAM));
    const content = programContent(runtime, node.addFile(archive));
    const its = { ...asObject(content["code"]), encoding: "zip", entrypoint: "bin/serve" };
    put(packed, { ...content, code: its });
    const answer = await ask(node.port, { path: `/vm/${packed}/from/an/archive` });
    assert.match(answer.text, /path=\/from\/an\/archive\n/);
  });

  story("a program that ends at once, and one whose runtime nobody has", async () => {
    const broken = randomBytes(32).toString("hex");
    const file = path.join(scratch, "broken");
    writeFileSync(file, "#!/bin/sh\nexit 3\n");
    put(broken, programContent(runtime, node.addFile(file)));
    const ended = await ask(node.port, { path: `/vm/${broken}` });
    assert.equal(ended.status, 500);
    assert.deepEqual(JSON.parse(ended.text), {
      error: "500: Error during runtime initialisation",
    });
    const homeless = randomBytes(32).toString("hex");
    put(homeless, programContent("b".repeat(64), code));
    const missing = await ask(node.port, { path: `/vm/${homeless}` });
    assert.equal(missing.status, 400);
    assert.deepEqual(JSON.parse(missing.text), {
      error: "400: Code, runtime or data not available",
    });
  });
});

function programContent(runtime: string, code: string): JsonObject {
  const { rootfs: _none, environment: _its, ...common } = instanceContent(OWNER, runtime);
  return {
    ...common,
    type: "vm-function",
    environment: { reproducible: false, internet: false, aleph_api: false, shared_cache: false },
    resources: { vcpus: 1, memory: 256, seconds: 8 },
    code: {
      encoding: "plain",
      entrypoint: "serve",
      ref: code,
      interface: "binary",
      use_latest: false,
    },
    runtime: { ref: runtime, use_latest: false, comment: "base" },
    variables: { GREETING: "good day" },
    on: { http: true, persistent: false },
  };
}

interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

async function ask(
  port: number,
  { path: where, method = "GET", headers = {}, body }: { readonly path: string } & Partial<Asked>,
): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const asked = request({ port, host: "127.0.0.1", path: where, method, headers }, (answer) => {
    const pieces: Buffer[] = [];
    answer.on("data", (piece: Buffer) => pieces.push(piece));
    answer.on("error", reject);
    answer.on("end", () =>
      resolve({
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        text: Buffer.concat(pieces).toString("utf8"),
      }),
    );
  });
  asked.on("error", reject);
  asked.end(body);
  return await promise;
}
