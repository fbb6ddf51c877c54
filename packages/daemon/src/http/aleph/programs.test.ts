import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  request,
  type RequestListener,
} from "node:http";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { test } from "node:test";

import { hostLabelOf, type ItemHash } from "#core/aleph/item-hash.ts";
import type { CalledProgram } from "#core/aleph/programs/program-call.ts";
import { hashOf } from "#testing/aleph-source.ts";
import { surfaceWorld } from "#testing/aleph-surface.ts";
import { eventually } from "#testing/eventually.ts";
import { localConnection } from "#testing/local-connection.ts";

import { serve } from "../server.ts";
import { alephApplication } from "./application.ts";
import { Draining } from "./draining.ts";

const VM = hashOf("1");
const CODE = hashOf("d");
const MIB = 1024 * 1024;

interface Stage extends AsyncDisposable {
  readonly port: number;
  readonly called: ItemHash[];
  /** calls that have not ended */
  readonly underWay: { count: number; givenUp: number };
  readonly draining: Draining;
}

/** A node whose only VM is a server of this process. */
async function stage(
  guest: Server,
  kind: CalledProgram | "instance" = { codeRef: CODE, seconds: 5 },
): Promise<Stage> {
  const program = kind === "instance" ? undefined : kind;
  const guestPort = await listening(guest);
  const called: ItemHash[] = [];
  const underWay = { count: 0, givenUp: 0 };
  const draining = new Draining();
  const begin = async (vmHash: ItemHash) => {
    called.push(vmHash);
    underWay.count += 1;
    return {
      vmHash,
      program,
      isNew: false,
      reach: async () =>
        program
          ? { kind: "inside" as const, connection: await localConnection(guestPort) }
          : { kind: "address" as const, host: "127.0.0.1", port: guestPort },
      giveUp: () => void (underWay.givenUp += 1),
      [Symbol.dispose]: () => void (underWay.count -= 1),
    };
  };
  const { parts } = surfaceWorld();
  const app = await alephApplication({ ...parts, draining, programs: { begin } });
  const served = await serve(app, { kind: "tcp", address: "127.0.0.1", port: 0 });
  const end = async () => {
    await served[Symbol.asyncDispose]();
    guest.close();
  };
  return { port: served.port, called, underWay, draining, [Symbol.asyncDispose]: end };
}

function web(answer: RequestListener): Server {
  return createHttp(answer);
}

function raw(talk: (socket: Socket) => void): Server {
  return createTcp((socket) => {
    socket.on("error", () => {}); // who calls may leave at any time
    talk(socket);
  });
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address: AddressInfo | string | null = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly text: string;
}

async function ask(
  { port }: Stage,
  path: string,
  { method = "GET", headers = {}, body = "" } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request({ port, host: "127.0.0.1", path, method, headers, agent: false });
  asked.on("error", reject);
  asked.on("response", (answer) => {
    const { statusCode = 0, headers: its, rawHeaders } = answer;
    const pieces: Buffer[] = [];
    answer.on("data", (piece: Buffer) => pieces.push(piece));
    answer.on("error", reject);
    answer.on("end", () => {
      const text = Buffer.concat(pieces).toString();
      resolve({ status: statusCode, headers: its, rawHeaders, text });
    });
  });
  asked.end(body);
  return await promise;
}

const ECHO: RequestListener = (asked, answer) => {
  const pieces: Buffer[] = [];
  asked.on("data", (piece: Buffer) => pieces.push(piece));
  asked.on("end", () => {
    answer.writeHead(203, {
      "X-Mine": "yes",
      Vary: "Accept",
      Server: "mine",
      "Content-Encoding": "made-up",
      "Set-Cookie": ["a=1", "b=2"],
    });
    const { method, url, headers } = asked;
    answer.end(JSON.stringify({ method, url, headers, size: Buffer.concat(pieces).length }));
  });
};

test("programs: a call is relayed with its method, path, query, headers and body", async () => {
  await using it = await stage(web(ECHO));
  const headers = { "X-Custom": "mine", Connection: "close, X-Hop", "X-Hop": "1", TE: "trailers" };
  const answer = await ask(it, `/vm/${VM}/a/b%20c?q=1&q=2`, {
    method: "PUT",
    headers,
    body: "x".repeat(3 * MIB),
  });
  assert.equal(answer.status, 203);
  const seen = JSON.parse(answer.text);
  assert.deepEqual([seen.method, seen.url, seen.size], ["PUT", "/a/b%20c?q=1&q=2", 3 * MIB]);
  assert.equal(seen.headers["x-custom"], "mine");
  assert.equal(seen.headers["host"], `127.0.0.1:${it.port}`);
  assert.equal(seen.headers["x-hop"], undefined);
  assert.equal(seen.headers["te"], undefined);
  await eventually("the call has ended", () => it.underWay.count === 0);
  assert.equal(it.underWay.givenUp, 0);
});

test("programs: an answer's headers are lower case, and say what has answered", async () => {
  await using it = await stage(web(ECHO));
  const { headers, rawHeaders } = await ask(it, `/vm/${VM}`);
  assert.ok(rawHeaders.includes("x-mine"));
  assert.ok(rawHeaders.includes("Aleph-Program-ItemHash"));
  assert.equal(headers["aleph-program-itemhash"], VM);
  assert.equal(headers["aleph-program-code-ref"], CODE);
  assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
  assert.equal(headers["vary"], undefined);
  assert.equal(headers["content-encoding"], undefined);
  assert.match(String(headers["server"]), /^aleph-vm\//);
});

test("programs: paths are rooted, and each may have any method", async () => {
  await using it = await stage(web(ECHO));
  const urlOf = async (path: string) => JSON.parse((await ask(it, path)).text).url;
  assert.equal(await urlOf(`/vm/${VM}`), "/");
  assert.equal(await urlOf(`/vm/${VM}/`), "/");
  assert.equal(await urlOf(`/vm/${VM}?a=b`), "/?a=b");
  assert.equal(await urlOf(`/vm/${VM}//double`), "//double");
  for (const method of ["DELETE", "OPTIONS", "PATCH", "POST", "TRACE", "PROPFIND"]) {
    const { text } = await ask(it, `/vm/${VM}/`, { method });
    assert.equal(JSON.parse(text).method, method);
  }
  const head = await ask(it, `/vm/${VM}/`, { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [203, ""]);
});

test("programs: a host name's first label means a program, and the node's own name its page", async () => {
  await using it = await stage(web(ECHO));
  const Host = `${hostLabelOf(VM)}.anything.example:80`;
  const { text } = await ask(it, "/about/the-program?x=1", { method: "POST", headers: { Host } });
  assert.equal(JSON.parse(text).url, "/about/the-program?x=1");
  assert.deepEqual(it.called, [VM]);
  const own = await ask(it, "/about/nothing", { headers: { Host } });
  assert.deepEqual([own.status, own.text], [404, '{"error": "404: Not Found"}']);
  const page = await ask(it, "/", { headers: { Host: "crn.example.org" } });
  assert.match(String(page.headers["content-type"]), /^text\/html/);
  const none = await ask(it, "/", { headers: { Host: "elsewhere.example.org" } });
  assert.deepEqual([none.status, none.text], [404, '{"error": "404: Invalid message reference"}']);
});

test("programs: what is no hash is no program", async () => {
  await using it = await stage(web(ECHO));
  const { status, text } = await ask(it, "/vm/not-a%20hash/x");
  assert.deepEqual([status, text], [400, '{"error": "Invalid message reference: not-a hash"}']);
  assert.deepEqual(it.called, []);
});

test("programs: pieces go through as they come, and a reader who is slow holds the writer back", async () => {
  let written = 0;
  const guest = web((_asked, answer) => {
    const piece = Buffer.alloc(64 * 1024);
    const more = () => {
      let isRoom = true;
      while (isRoom && written < 256 * MIB) {
        written += piece.length;
        isRoom = answer.write(piece);
      }
      if (!isRoom) answer.once("drain", more);
    };
    more();
  });
  await using it = await stage(guest);
  const asked = request({ port: it.port, host: "127.0.0.1", path: `/vm/${VM}`, agent: false });
  asked.end();
  const [answer] = await once(asked, "response");
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(written < 64 * MIB, `${written} bytes were written for nobody`);
  asked.on("error", () => {}); // it is cut off here
  answer.destroy();
  await eventually("the call has ended", () => it.underWay.count === 0);
});

test("programs: who takes longer than its owner allows is told so, in the network's words", async () => {
  await using it = await stage(
    web(() => {}),
    { codeRef: CODE, seconds: 0.1 },
  );
  const { status, text } = await ask(it, `/vm/${VM}`);
  const words = '{"error": "Program did not respond within `resource.seconds`"}';
  assert.deepEqual([status, text], [504, words]);
  assert.equal(it.underWay.givenUp, 0);
});

test("programs: an answer that is begun and not ended in time is cut off", async () => {
  const guest = web((_asked, answer) => void answer.write("a little"));
  await using it = await stage(guest, { codeRef: CODE, seconds: 0.2 });
  await assert.rejects(ask(it, `/vm/${VM}`), /aborted|socket hang up/);
  await eventually("the call has ended", () => it.underWay.count === 0);
});

test("programs: who says nothing is shut down, and who speaks no HTTP is not understood", async () => {
  await using mute = await stage(raw((socket) => void socket.end()));
  const nothing = await ask(mute, `/vm/${VM}`);
  assert.deepEqual([nothing.status, nothing.text], [502, "VM did not respond and was shut down"]);
  assert.equal(mute.underWay.givenUp, 1);
  await using babbler = await stage(
    raw((socket) => void socket.end("nothing of the kind\r\n\r\n")),
  );
  const nonsense = await ask(babbler, `/vm/${VM}`);
  assert.deepEqual([nonsense.status, nonsense.text], [502, ""]);
  const head = `HTTP/1.1 200 OK\r\nX: ${"y".repeat(100_000)}\r\n\r\n`;
  await using endless = await stage(raw((socket) => void socket.end(head)));
  assert.equal((await ask(endless, `/vm/${VM}`)).status, 502);
});

test("programs: a protocol that a guest wants to change to is not changed to", async () => {
  const words = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
  await using it = await stage(raw((socket) => void socket.end(words)));
  assert.equal((await ask(it, `/vm/${VM}`)).status, 502);
});

test("programs: instances are called at their address, and keep what they say of encodings", async () => {
  await using it = await stage(web(ECHO), "instance");
  const { status, headers } = await ask(it, `/vm/${VM}`);
  assert.equal(status, 203);
  assert.equal(headers["content-encoding"], "made-up");
  assert.equal(headers["aleph-program-itemhash"], VM);
  assert.equal(headers["aleph-program-code-ref"], undefined);
});

test("programs: a node that drains ends the calls that it has, and takes no more", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using it = await stage(web((_asked, answer) => void gate.then(() => answer.end("done"))));
  const first = ask(it, `/vm/${VM}`);
  await eventually("it is called", () => it.underWay.count === 1);
  it.draining.begin();
  let isSettled = false;
  const settled = it.draining.settled(10_000).then(() => (isSettled = true));
  const refused = await ask(it, `/vm/${VM}`);
  assert.deepEqual(
    [refused.status, refused.text],
    [503, '{"error": "Server is draining, try another node"}'],
  );
  assert.equal(isSettled, false);
  open();
  assert.equal((await first).text, "done");
  await settled;
});
