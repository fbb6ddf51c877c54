/**
 * Streams as Slicer's clients put them on the wire: commands, files and WebSockets, byte for byte.
 * Contract 9.4; what is asked and answered whole is in raw-replay.e2e.ts.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before } from "node:test";

import { assertStrict } from "../packages/daemon/src/testing/strict-json.ts";
import { sh } from "./harness/exec.ts";
import * as go from "./harness/go-work-types.ts";
import { asObject, type JsonObject, textIn } from "./harness/json-value.ts";
import { chunked, chunkOf, type RawAnswer, RawConnection } from "./harness/raw-http.ts";
import { RawWebSocket, refusedUpgrade } from "./harness/raw-web-socket.ts";
import {
  type Client,
  curlClient,
  goClient,
  type Pairs,
  typescriptClient,
  type Wanted,
} from "./harness/sdk-requests.ts";
import { entriesOf, tarOf } from "./harness/tar.ts";
import { suite } from "./harness/test-host.ts";

const DEFAULT_USER = "4294967295";
const OCTETS = "application/octet-stream";
const TAR = "application/x-tar";
const MIB = 1024 * 1024;

suite("raw streams", {}, (host, story) => {
  let vm = "";
  let asGo: Client;
  let asTypescript: Client;
  let asCurl: Client;
  before(async () => {
    vm = await host.createVm();
    const token = String(host.api.token);
    asGo = goClient(token);
    asTypescript = typescriptClient(token);
    asCurl = curlClient(token);
  });
  const open = () => RawConnection.open(host.api.endpoint);
  const ask = async (client: Client, wanted: Wanted) => {
    await using connection = await open();
    return await connection.ask(client.request(wanted));
  };
  const exec = (query: Pairs): Wanted => ({
    method: "POST",
    path: `/vm/${vm}/exec`,
    query,
    anonymous: true,
  });
  const cp = (method: string, query: Pairs): Wanted => ({ method, path: `/vm/${vm}/cp`, query });
  const refusal = async (target: string, client = asGo) =>
    (await refusedUpgrade(host.api.endpoint, target, client.upgrade())).status;
  const inGuest = (script: string) => sh(host.api, vm, script);

  story("exec as Go and TypeScript ask for it: terminated lines that Go decodes", async () => {
    const script = "echo out; echo err >&2; exit 42";
    const requests: readonly (readonly [Client, Pairs])[] = [
      [
        asGo,
        [
          ["cmd", "/bin/sh"],
          ["stdio", "base64"],
          ["args", "-c"],
          ["args", script],
          ["uid", "0"],
          ["gid", "0"],
        ],
      ],
      [
        asGo,
        [
          ["cmd", "/bin/sh"],
          ["args", "-c"],
          ["args", script],
          ["uid", DEFAULT_USER],
          ["gid", DEFAULT_USER],
        ],
      ],
      [
        asTypescript,
        [
          ["cmd", "/bin/sh"],
          ["args", "-c"],
          ["args", script],
          ["uid", "1000"],
        ],
      ],
      [
        asCurl,
        [
          ["cmd", script],
          ["shell", "/bin/bash"],
          ["permissions", "0644"],
          ["unheard", "of"],
        ],
      ],
    ];
    for (const [client, query] of requests) {
      const answer = await ask(client, exec(query));
      const frames = framesOf(answer);
      assert.equal(text(frames, "stdout"), "out\n");
      assert.equal(text(frames, "stderr"), "err\n");
      assert.deepEqual(frames.map((frame) => frame["type"]).filter(isEdge), ["started", "exit"]);
      assert.equal(frames.at(-1)?.["exit_code"], 42, "the outcome is in the very last frame");
      assert.ok(frames.slice(0, -1).every((frame) => frame["exit_code"] === 0));
    }
    const missing = framesOf(
      await ask(
        asGo,
        exec([
          ["cmd", "/no/such"],
          ["args", "x"],
        ]),
      ),
    );
    assert.deepEqual([missing.length, missing[0]?.["exit_code"]], [1, 127]);
    assert.ok(missing[0]?.["error"]);
  });

  story(
    "who runs it: no uid is root, the sentinel the default user, shells as they are named",
    async () => {
      const who = async (...query: Pairs) => {
        const answer = await ask(asGo, exec([["cmd", "id -un; echo $0"], ...query]));
        return text(framesOf(answer), "stdout").split("\n").slice(0, 2).join(" ");
      };
      assert.equal(await who(), "root /bin/bash");
      assert.equal(await who(["uid", DEFAULT_USER], ["gid", DEFAULT_USER]), "alcove /bin/bash");
      assert.equal(await who(["uid", "0"], ["shell", "/bin/sh"]), "root /bin/sh");
      const argv = exec([
        ["cmd", "printf"],
        ["args", "%s|"],
        ["args", "a b+c"],
        ["args", "$HOME"],
        ["args", "é&=%20"],
      ]);
      for (const client of [asGo, asTypescript]) {
        assert.equal(text(framesOf(await ask(client, argv)), "stdout"), "a b+c|$HOME|é&=%20|");
      }
    },
  );

  story(
    "stdin in chunks with no type, while the output comes back; and whole, with a length",
    async () => {
      await using connection = await open();
      const wanted = exec([
        ["cmd", "cat"],
        ["stdin", "true"],
        ["stdio", "base64"],
      ]);
      connection.send({ ...asGo.request({ ...wanted, chunked: true }) });
      const head = await connection.head(); // before anything of the body is sent
      assert.equal(head.status, 200);
      const lines = connection.body(head, "POST");
      const first = await lines.next();
      assert.match(String(first.value), /"started"/);
      for (const piece of ["one", "two", "\0\xff"]) {
        connection.socket.write(chunkOf(Buffer.from(piece, "latin1")));
        const { value } = await lines.next();
        const echo = asObject(JSON.parse(String(value)));
        assert.deepEqual([decoded(echo, "stdout"), echo["encoding"]], [piece, "base64"]);
      }
      connection.socket.write(chunked());
      assert.equal(asObject(JSON.parse(String((await lines.next()).value)))["exit_code"], 0);
      assert.ok((await lines.next()).done);

      const body = randomBytes(2 * MIB);
      const whole = await ask(asTypescript, { ...wanted, body, contentType: OCTETS });
      assert.equal(text(framesOf(whole), "stdout"), body.toString("latin1"));
    },
  );

  story("a command that ends before its input is answered, whatever is still sent", async () => {
    await using connection = await open();
    const wanted = exec([
      ["cmd", "head"],
      ["args", "-c"],
      ["args", "3"],
      ["stdin", "true"],
    ]);
    const body = Buffer.alloc(MIB, "x");
    connection.send({ ...asGo.request({ ...wanted, chunked: true }), body: chunked(body, body) });
    const frames = framesOf(await connection.answer("POST"));
    assert.deepEqual([text(frames, "stdout"), frames.at(-1)?.["exit_code"]], ["xxx", 0]);
  });

  story("buffered: one object; base64 and its name only when asked for", async () => {
    const query: Pairs = [
      ["cmd", "printf '\\303\\244'; exit 5"],
      ["buffered", "true"],
      ["shell", "/bin/sh"],
    ];
    const plain = await ask(asTypescript, exec(query));
    const coded = await ask(asGo, {
      ...exec([...query, ["stdio", "base64"]]),
      contentType: "application/json",
    });
    for (const answer of [plain, coded]) {
      assert.equal(answer.status, 200, answer.text);
      assertStrict(answer.text, go.result);
    }
    const [a, b] = [plain, coded].map((answer) => asObject(JSON.parse(answer.text)));
    assert.deepEqual([a?.["stdout"], a?.["encoding"], a?.["exit_code"]], ["ä", undefined, 5]);
    assert.deepEqual([b?.["stdout"], b?.["encoding"]], ["w6Q=", "base64"]);
    for (const wrong of [
      ["stdin", "true"],
      ["background", "true"],
      ["stdio", "hex"],
    ] as const) {
      const refused = await ask(asGo, exec([...query, wrong]));
      assert.equal(refused.status, 400, wrong[0]);
      assertStrict(refused.text, go.problem);
    }
  });

  story("Go's WriteFile names no mode; its files come in chunks; curl waits for 100", async () => {
    const content = randomBytes(MIB);
    const query: Pairs = [
      ["path", "/srv/a b+c"],
      ["uid", "0"],
      ["gid", "0"],
      ["permissions", "0640"],
    ];
    const written = await ask(asGo, { ...cp("POST", query), body: content, contentType: OCTETS });
    assert.equal(written.status, 200, written.text);
    const read = await ask(asGo, { ...cp("GET", [["path", "/srv/a b+c"]]), accept: OCTETS });
    assert.deepEqual([read.status, read.headers.get("content-type")], [200, OCTETS]);
    assert.equal(Number.parseInt(read.headers.get("x-slicer-file-mode") ?? "", 8), 0o640);
    assert.ok(read.body.equals(content));

    const pieces = chunked(content, "the end");
    const v1: Pairs = [
      ["path", "/srv/chunked"],
      ["mode", "cp-v1-binary"],
      ["copy_semantics", "cp-v1"],
      ["source_name", "x"],
      ["source_type", "file"],
      ["uid", DEFAULT_USER],
    ];
    const streamed = await ask(asGo, {
      ...cp("POST", v1),
      body: pieces,
      chunked: true,
      contentType: OCTETS,
    });
    assert.equal(streamed.status, 200, streamed.text);
    assert.equal(await inGuest("stat -c '%s %U' /srv/chunked"), `${MIB + 7} alcove`);

    await using connection = await open();
    const { body, ...request } = asCurl.request({
      ...cp("POST", [["path", "/srv/form"]]),
      body: Buffer.from("f=1"),
      contentType: "application/x-www-form-urlencoded",
    });
    connection.send({ ...request, headers: [...request.headers, ["Expect", "100-continue"]] });
    assert.equal((await connection.head()).status, 100);
    connection.socket.write(body ?? "");
    assert.equal((await connection.answer("POST")).status, 200);
    assert.equal(await inGuest("cat /srv/form"), "f=1");
  });

  story("cp-v1 is answered at once; an unknown mode by the words that Go looks for", async () => {
    const tree = tarOf({ name: "a.txt", content: "1" }, { name: "sub/", type: "5", mode: 0o755 });
    const v1: Pairs = [
      ["path", "/srv/tree"],
      ["mode", "cp-v1-tar"],
      ["copy_semantics", "cp-v1"],
      ["source_name", "proj"],
      ["source_type", "directory"],
      ["exclude", "*.log"],
    ];
    const request = asGo.request({ ...cp("POST", v1), chunked: true, contentType: TAR });
    await using connection = await open();
    const headers = [...request.headers, ["X-Slicer-Unpacked-Size", "1"] as const];
    const put = await connection.ask({ ...request, headers, body: chunked(tree) });
    assert.equal(put.status, 200, put.text);

    // More than any buffer on the way holds: it is read to its end, so that the answer is, too.
    const much = Buffer.alloc(8 * MIB);
    const refused = await connection.ask(
      asGo.request({
        ...cp("POST", [
          ["path", "/srv/x"],
          ["mode", "cp-v9-tar"],
        ]),
        body: chunked(much),
        chunked: true,
      }),
    );
    assert.equal(refused.status, 400);
    assert.match(refused.text, /invalid mode: cp-v9-tar/);
    assertStrict(refused.text, go.problem);

    const both = `${OCTETS}, ${TAR}`;
    const out = (path: string, mode: string, accept: string) =>
      ask(asGo, {
        ...cp("GET", [
          ["path", path],
          ["mode", mode],
          ["copy_semantics", "cp-v1"],
        ]),
        accept,
      });
    const recursive = await out("/srv/tree", "cp-v1-recursive", both);
    assert.deepEqual(source(recursive), ["directory", "tree"]);
    assert.deepEqual(names(recursive), ["a.txt", "sub/"]);
    assert.deepEqual(source(await out("/srv/tree/a.txt", "cp-v1-recursive", both)), [
      "file",
      "a.txt",
    ]);
    assert.equal((await out("/srv/tree/a.txt", "cp-v1-tar", TAR)).status, 400);
    const directory = await ask(asGo, {
      ...cp("GET", [
        ["path", "/srv/tree"],
        ["mode", "binary"],
      ]),
      accept: OCTETS,
    });
    assert.deepEqual(
      [directory.status, directory.text.includes("must specify a file not a directory")],
      [400, true],
    );
    assert.equal(
      (await ask(asGo, { ...cp("GET", [["path", "/srv/none"]]), accept: OCTETS })).status,
      404,
    );
    const plain = await ask(
      asTypescript,
      cp("GET", [
        ["path", "/srv/tree"],
        ["mode", "tar"],
      ]),
    );
    assert.deepEqual(names(plain), ["a.txt", "sub/"]);
    assert.deepEqual(
      [plain.body.toString("latin1", 257, 262), plain.body.length > 512],
      ["ustar", true],
    );
  });

  story(
    "a shell's WebSocket: no extension, no subprotocol, messages of at most 32,768 bytes",
    async () => {
      for (const client of [asGo, asTypescript, asCurl]) {
        const target = `/vm/${vm}/shell?uid=1000`;
        await using shell = await RawWebSocket.open(host.api.endpoint, target, client.upgrade());
        shell.send(Buffer.from([0x04, 0, 0, 0, 0]));
        shell.send(
          shellData("head -c 500000 /dev/zero | tr '\\0' x; echo; echo end-$((1 + 1)); exit\n"),
        );
        let said = "";
        const kinds = [];
        for (
          let message = await shell.next();
          message.opcode === 0x2;
          message = await shell.next()
        ) {
          const { payload } = message;
          kinds.push(payload[0]);
          assert.equal(payload.readUInt32BE(1), payload.length - 5, "one whole frame a message");
          if (payload[0] === 0x01) said += payload.toString("latin1", 5);
        }
        assert.match(said, /x{500000}\r\nend-2/);
        assert.equal(kinds.at(-1), 0x05);
        assert.ok(shell.longest > 1000, "the burst came in small pieces only");
      }
    },
  );

  story("the shell's end is a close with 1000, also when the client asks for it", async () => {
    const target = `/vm/${vm}/shell`;
    await using asked = await RawWebSocket.open(host.api.endpoint, target, asGo.upgrade());
    asked.send(Buffer.from([0x03, 0, 0, 0, 0]));
    let message = await asked.next();
    while (message.opcode === 0x2) message = await asked.next();
    assert.deepEqual([message.opcode, message.payload.readUInt16BE(0)], [0x8, 1000]);
  });

  story(
    "a tunnel's WebSocket: the same upgrade, bytes both ways, 1000 at the target's end",
    async () => {
      await inGuest(
        "setsid perl -MIO::Socket::INET -e '$l = IO::Socket::INET->new(LocalAddr => q(127.0.0.1), LocalPort => 7010, Listen => 4) or die;" +
          "while ($c = $l->accept) { sysread $c, $x, 4; syswrite $c, uc $x; close $c }' < /dev/null > /dev/null 2>&1 &",
      );
      await inGuest(
        "for n in $(seq 50); do bash -c '</dev/tcp/127.0.0.1/7010' 2> /dev/null && exit; sleep 0.1; done",
      );
      const inlets = [
        ["X-Inlets-Client-ID", "a-client"],
        ["X-Inlets-Mode", "local"],
      ] as const;
      const to = (upstream: string) => [...inlets, ["X-Inlets-Upstream", upstream]] as const;
      const target = `/vm/${vm}/forward`;
      for (const client of [asGo, asTypescript, asCurl]) {
        const headers = [...client.upgrade(), ...to("127.0.0.1:7010")];
        await using tunnel = await RawWebSocket.open(host.api.endpoint, target, headers);
        tunnel.send(Buffer.from("ping"));
        const { opcode, payload } = await tunnel.next();
        assert.deepEqual([opcode, payload.toString()], [0x2, "PING"]);
        assert.equal(await tunnel.closeCode(), 1000);
      }
      for (const [upstream, status] of [
        ["", 400],
        ["nonsense", 400],
        ["127.0.0.1:7011", 502],
      ] as const) {
        const headers = [...asGo.upgrade(), ...to(upstream)];
        const refused = await refusedUpgrade(host.api.endpoint, target, headers);
        assert.equal(refused.status, status, upstream);
      }
    },
  );

  story(
    "a tree that says it is too large is refused at once, and the rest of it read",
    async () => {
      const query: Pairs = [
        ["path", "/srv/too-large"],
        ["mode", "tar"],
      ];
      const request = asGo.request({ ...cp("POST", query), chunked: true, contentType: TAR });
      const size = ["X-Slicer-Unpacked-Size", String(2 ** 50)] as const;
      await using connection = await open();
      const body = chunked(tarOf({ name: "a", content: "1" }), Buffer.alloc(4 * MIB));
      const headers = [...request.headers, size];
      const refused = await connection.ask({ ...request, headers, body });
      assert.equal(refused.status, 413, refused.text);
      assertStrict(refused.text, go.problem);
      const after = await connection.ask(asGo.request({ method: "GET", path: "/nodes" }));
      assert.equal(after.status, 200, "the connection can be used again");
      assert.equal(await inGuest("ls -d /srv/too-large 2> /dev/null || echo none"), "none");
    },
  );

  story("upgrades that cannot be are answered in plain HTTP", async () => {
    for (const kind of ["shell", "forward"]) {
      assert.equal(await refusal(`/vm/${vm}/${kind}`, goClient("wrong")), 401);
    }
    assert.equal(await refusal("/vm/sbox-987/shell"), 404);
    assert.equal(await refusal("/no/such/route"), 404);
  });

  story("a stream that cannot go on breaks off: it has no orderly end", async () => {
    await inGuest("truncate -s 1G /srv/large");
    await using connection = await open();
    connection.send(asGo.request({ ...cp("GET", [["path", "/srv/large"]]), accept: OCTETS }));
    const head = await connection.head();
    assert.equal(head.headers.get("content-length"), String(2 ** 30));
    await using following = await open();
    following.send(asGo.request(exec([["cmd", "sleep 600"]])));
    const lines = following.body(await following.head(), "POST");
    assert.match(String((await lines.next()).value), /"started"/);
    await host.deleteVm(vm);
    await assert.rejects(connection.incoming.take(2 ** 30), /ended before/);
    const rest = await lines.next().catch((error: Error) => error.message);
    const words = typeof rest === "string" ? rest : String(rest.value);
    assert.match(words, /ended before|"error":/, "its end is told, or the connection breaks");
  });
});

function framesOf(answer: RawAnswer): readonly JsonObject[] {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
  assert.ok(answer.text.endsWith("\n"), "the last line is not terminated");
  return answer.text
    .slice(0, -1)
    .split("\n")
    .map((line) => {
      assertStrict(line, go.frame);
      return asObject(JSON.parse(line));
    });
}

function isEdge(type: unknown): boolean {
  return type === "started" || type === "exit";
}

/** one stream's bytes, as latin1 where they came coded */
function text(frames: readonly JsonObject[], stream: "stdout" | "stderr"): string {
  return frames.map((frame) => decoded(frame, stream)).join("");
}

function decoded(frame: JsonObject, stream: "stdout" | "stderr"): string {
  const payload = textIn(frame, stream);
  if (frame["encoding"] !== "base64") return payload;
  const bytes = Buffer.from(payload, "base64");
  assert.equal(bytes.toString("base64"), payload, "each frame decodes by itself");
  return bytes.toString("latin1");
}

function source(answer: RawAnswer): readonly string[] {
  assert.equal(answer.status, 200, answer.text);
  const type = answer.headers.get("x-slicer-source-type") ?? "";
  const name = answer.headers.get("x-slicer-source-name-base64") ?? "";
  assert.match(name, /^[\w-]+$/, "base64url without padding");
  return [type, Buffer.from(name, "base64url").toString()];
}

function names(answer: RawAnswer): readonly string[] {
  assert.equal(answer.status, 200, answer.text);
  return entriesOf(answer.body)
    .map(({ name }) => name)
    .toSorted();
}

function shellData(keys: string): Buffer {
  const payload = Buffer.from(keys);
  const header = Buffer.from([0x01, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 1);
  return Buffer.concat([header, payload]);
}
