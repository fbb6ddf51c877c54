/**
 * A host outside, for guests to reach: a network namespace beside the host's, with services on two
 * public addresses that the host routes to it, and one in a network that the host is in itself.
 *
 *     host 198.51.100.x/30 ── link ── namespace: the other address of the /30, and 203.0.113.y, .y+1
 *
 * and the same for IPv6, with 2001:db8:x::1 and ::2 as the world.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** the name that the name server outside knows, and what it says */
export const KNOWN_NAME = "host.outside.test";
export const KNOWN_ADDRESS = "192.0.2.77";

/** of a page that is there and empty */
export const WEB_PORT = 8081;

/** what everybody hears who connects: from where, and to which address and port; and a name server that knows one answer */
const SERVER = `
const { createServer } = require("node:net");
const { createSocket } = require("node:dgram");
const names = createSocket("udp4", (query, { address, port }) => {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const isA = question.readUInt16BE(question.length - 4) === 1;
  const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ${KNOWN_ADDRESS.split(".").join(", ")}]);
  names.send(Buffer.concat([head, question, ...(isA ? [answer] : [])]), port, address);
});
names.bind(53, process.argv.at(-1), () => process.stdout.write("."));
const web = require("node:http").createServer((_request, answer) => answer.writeHead(204).end());
web.listen(${WEB_PORT}, () => process.stdout.write("."));
const plain = (address) => address.replace("::ffff:", "");
for (const port of process.argv.slice(1, -1)) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("from " + plain(socket.remoteAddress) + " to " + plain(socket.localAddress) + " " + port + "\\n");
  });
  server.listen(Number(port), () => process.stdout.write("."));
}`;

const RUN_TIMEOUT_MS = 20_000;
/** a name server, a page and two greeters */
const SERVICES = 4;

/** how many of these can be at a time, by the process that makes them */
const PLACES = 60;

export class Outside {
  /** two public addresses, and the one next to the host */
  readonly one: string;
  readonly other: string;
  readonly near: string;
  /** the host's address in the network of `near` */
  readonly hostThere: string;
  /** the same for IPv6 */
  readonly one6: string;
  readonly other6: string;
  readonly near6: string;
  readonly hostThere6: string;
  readonly port = 8080;
  readonly otherPort = 9090;
  readonly #name: string;
  readonly #device: string;
  #server: ChildProcess | undefined;

  static async open(): Promise<Outside> {
    const outside = new Outside(process.pid % PLACES);
    try {
      outside.#connect();
      await outside.#serve();
      return outside;
    } catch (error) {
      await outside.close();
      throw error;
    }
  }

  private constructor(place: number) {
    this.#name = `alcove-outside-${process.pid}`;
    this.#device = `aout${process.pid % 1_000_000}`;
    this.hostThere = `198.51.100.${place * 4 + 1}`;
    this.near = `198.51.100.${place * 4 + 2}`;
    this.hostThere6 = `fd77:${place}::1`;
    this.near6 = `fd77:${place}::2`;
    this.one6 = `2001:db8:${place + 1}::1`;
    this.other6 = `2001:db8:${place + 1}::2`;
    this.one = `203.0.113.${place * 2 + 2}`;
    this.other = `203.0.113.${place * 2 + 3}`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server && server.exitCode === null && server.signalCode === null) {
      server.kill("SIGKILL");
      await once(server, "close");
    }
    ip(["-force", "-batch", "-"], `link del ${this.#device}\nnetns del ${this.#name}\n`);
  }

  /** the device of the host's that leads to it */
  get device(): string {
    return this.#device;
  }

  /** Runs a program there. @returns what it says and how it ended; a program that takes too long is ended */
  run(command: readonly string[]): { readonly stdout: string; readonly exitCode: number | null } {
    const { stdout, status } = spawnSync("ip", ["netns", "exec", this.#name, ...command], {
      encoding: "utf8",
      timeout: RUN_TIMEOUT_MS,
    });
    return { stdout, exitCode: status };
  }

  #connect(): void {
    const device = this.#device;
    const lines = [
      `netns add ${this.#name}`,
      `link add ${device} type veth peer name out0 netns ${this.#name}`,
      `addr add ${this.hostThere}/30 dev ${device}`,
      `addr add ${this.hostThere6}/64 dev ${device} nodad`,
      `link set ${device} up`,
    ];
    assert.equal(ip(["-batch", "-"], `${lines.join("\n")}\n`), "");
    const inside = [
      "link set lo up",
      `addr add ${this.near}/30 dev out0`,
      `addr add ${this.near6}/64 dev out0 nodad`,
      `addr add ${this.one}/32 dev lo`,
      `addr add ${this.other}/32 dev lo`,
      `addr add ${this.one6}/128 dev lo nodad`,
      `addr add ${this.other6}/128 dev lo nodad`,
      "link set out0 up",
    ];
    assert.equal(ip(["-n", this.#name, "-batch", "-"], `${inside.join("\n")}\n`), "");
    const routes = [
      ...[this.one, this.other].map((it) => `route add ${it} via ${this.near}`),
      ...[this.one6, this.other6].map((it) => `route add ${it} via ${this.near6}`),
    ];
    assert.equal(ip(["-batch", "-"], `${routes.join("\n")}\n`), "");
  }

  async #serve(): Promise<void> {
    const ports = [this.port, this.otherPort].map(String);
    const node = [process.execPath, "-e", SERVER, ...ports, this.one];
    const server = spawn("ip", ["netns", "exec", this.#name, ...node], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#server = server;
    let listening = 0;
    for await (const dots of server.stdout) {
      listening += String(dots).length;
      if (listening === SERVICES) return;
    }
    throw new Error("the services outside did not start");
  }
}

/** @returns what it said on its standard error; empty when all was well */
function ip(args: readonly string[], input: string): string {
  try {
    execFileSync("ip", [...args], { input, stdio: ["pipe", "ignore", "pipe"] });
    return "";
  } catch (error) {
    return String(error);
  }
}
