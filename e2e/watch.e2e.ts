/** What changes in a real guest's file system, as Server-Sent Events: contract B9. */

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import type { Query } from "./harness/api.ts";
import { sh } from "./harness/exec.ts";
import { asObject, assertTime, type JsonObject, textIn } from "./harness/json-value.ts";
import { suite } from "./harness/test-host.ts";
import { inTime, until } from "./harness/until.ts";

/** more changes than the guest's kernel and all buffers on the way keep for who does not read */
const FLOOD = 15_000;

suite("watch", {}, (host, story) => {
  let vm = "";
  before(async () => {
    vm = await host.createVm();
  });
  const run = (script: string) => sh(host.api, vm, script);

  /** A watch that has begun: its events, one after the other. */
  async function watch(query: Query, headers: Record<string, string> = {}): Promise<Events> {
    const { response } = await host.api.open("GET", `/vm/${vm}/fs/watch`, { query, headers });
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers["content-type"], "text/event-stream");
    return new Events(response);
  }

  story("files that come, change, move and go; what is not asked for is not told", async () => {
    await run("mkdir -p /srv/a/sub");
    const events = await watch({
      paths: "/srv/a",
      debounce: "50ms",
      events: ["create", "write", "rename", "remove"],
    });
    await run("echo hi > /srv/a/f; chmod 600 /srv/a/f; echo x > /srv/a/sub/unseen");
    const first = await events.next();
    assert.deepEqual(
      [first["id"], first["type"], first["path"], first["size"], first["isDir"]],
      [1, "create", "/srv/a/f", 3, false],
    );
    assertTime(first["timestamp"]);
    assert.deepEqual(await events.told(1), ["write /srv/a/f"]);
    await run("mv /srv/a/f /srv/a/g; rm /srv/a/g; mkdir /srv/a/d");
    assert.deepEqual(await events.told(4), [
      "rename /srv/a/f",
      "create /srv/a/g",
      "remove /srv/a/g",
      "create /srv/a/d",
    ]);
    events.leave();
  });

  story("recursive: new directories too, with patterns on base names and whole paths", async () => {
    await run("mkdir -p /srv/r/old");
    const events = await watch({
      paths: "/srv/r",
      recursive: true,
      patterns: ["*.txt", "/srv/r/*/keep/**"],
      events: "create",
      debounce: "20ms",
    });
    await run("mkdir -p /srv/r/new/keep/deep; touch /srv/r/new/a.txt /srv/r/new/b.log");
    const told = (await events.told(3)).toSorted();
    assert.deepEqual(told, [
      "create /srv/r/new/a.txt",
      "create /srv/r/new/keep",
      "create /srv/r/new/keep/deep",
    ]);
    await run("touch /srv/r/old/c.txt /srv/r/new/keep/deep/d");
    assert.deepEqual((await events.told(2)).toSorted(), [
      "create /srv/r/new/keep/deep/d",
      "create /srv/r/old/c.txt",
    ]);
    events.leave();
  });

  story("~ is somebody's; many writes within the debounce are one; one_shot ends it", async () => {
    const events = await watch({ paths: "~", uid: 1000, events: "write", debounce: "500ms" });
    await run("for n in 1 2 3 4 5; do echo $n >> /home/alcove/log; done");
    const only = await events.next();
    assert.deepEqual([only["path"], only["size"]], ["/home/alcove/log", 10]);
    events.leave();
    const once = await watch({ paths: "/srv", one_shot: true, timeout: "30s" });
    await run("touch /srv/1 /srv/2 /srv/3");
    assert.equal((await once.rest()).length, 1);
    const twice = await watch({ paths: "/srv", max_events: 2, debounce: "0s" });
    await run("rm /srv/1 /srv/2 /srv/3");
    assert.deepEqual(
      (await twice.rest()).map((event) => [event["id"], event["path"]]),
      [
        [1, "/srv/1"],
        [2, "/srv/2"],
      ],
    );
    const quiet = await watch({ paths: "/srv", patterns: "never", timeout: "300ms" });
    assert.deepEqual(await quiet.rest(), []);
  });

  story("a comment comes when all is watched, and while nothing happens", async () => {
    const { response } = await host.api.open("GET", `/vm/${vm}/fs/watch`, {
      query: { paths: "/srv", timeout: "16s" },
      headers: { "last-event-id": "18446744073709551615" },
    });
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
    assert.equal(text, ":\n\n:\n\n");
  });

  story("a client that leaves takes the watch in the guest with it", async () => {
    const fds = "ls -l /proc/$(pgrep -f '^alcove-agent agent')/fd";
    const watches = async () => Number(await run(`${fds} | grep -c inotify || true`));
    const own = await watches(); // the agent's, by which it sees its channel come
    const open = await Promise.all([1, 2, 3].map(() => watch({ paths: "/srv" })));
    assert.equal(await watches(), own + 3);
    for (const events of open) events.leave();
    await until("the guest watches nothing", async () => (await watches()) === own);
  });

  story("changes that nobody reads are not kept for ever: their loss is told", async () => {
    // Long names fill the host's buffers soon.
    const directory = `/srv/${Array.from({ length: 4 }, () => "x".repeat(250)).join("/")}`;
    await run(`mkdir -p ${directory}; echo 64 > /proc/sys/fs/inotify/max_queued_events`);
    const events = await watch({ paths: directory, debounce: "0s", events: "create" });
    events.pause();
    const flood = `for (1 .. ${FLOOD}) { symlink "x", $_; unlink $_ }`;
    await run(`cd ${directory}; perl -e '${flood}'`);
    events.resume();
    const lost = await inTime(
      "the loss",
      events.find((event) => event["type"] === "overflow"),
    );
    assert.match(textIn(lost, "message"), /lost/);
    // Until the queue is read, what comes is lost, too.
    const told = events.find(({ path }) => String(path).startsWith(`${directory}/after`));
    await until("a change is told again", async () => {
      await run(`touch ${directory}/after$(date +%N)`);
      return Promise.race([told.then(() => true), delay(100, false)]);
    });
    events.leave();
  });

  story("what is wrong is said before any event", async () => {
    const ask = async (query: Query, headers: Record<string, string> = {}) =>
      (await host.api.get(`/vm/${vm}/fs/watch`, { query, headers })).status;
    assert.equal(await ask({}), 400);
    assert.equal(await ask({ paths: "/srv", events: "explode" }), 400);
    assert.equal(await ask({ paths: "/srv", debounce: "soon" }), 400);
    assert.equal(await ask({ paths: "/srv" }, { "last-event-id": "-1" }), 400);
    assert.equal(await ask({ paths: "/no/such" }), 404);
    // More directories than the guest's kernel watches: refused at once, told about one that comes later.
    const many = "cd /srv/many; perl -e 'mkdir $_ for 1 .. 60'";
    await run("mkdir /srv/many; echo 50 > /proc/sys/fs/inotify/max_user_watches");
    const events = await watch({
      paths: "/srv/many",
      recursive: true,
      patterns: "no",
      debounce: "0s",
    });
    await run(many);
    const lost = await events.find((event) => event["type"] === "overflow");
    assert.match(textIn(lost, "message"), /not watched/);
    events.leave();
    assert.equal(await ask({ paths: "/srv/many", recursive: true }), 503);
    await host.api.post(`/vm/${vm}/pause`);
    assert.equal(await ask({ paths: "/srv" }), 409);
    await host.api.post(`/vm/${vm}/resume`);
    await host.deleteVm(vm);
  });
});

/** The events of an answer, read as a browser reads them. */
class Events {
  readonly #response: IncomingMessage;
  readonly #events: AsyncGenerator<JsonObject, undefined>;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.#events = eventsOf(response);
  }

  async next(): Promise<JsonObject> {
    const { value } = await inTime("an event", this.#events.next());
    assert.ok(value, "the stream ended");
    return value;
  }

  async told(count: number): Promise<readonly string[]> {
    const told: string[] = [];
    while (told.length < count) {
      const event = await this.next();
      told.push(`${textIn(event, "type")} ${textIn(event, "path")}`);
    }
    return told;
  }

  async find(wanted: (event: JsonObject) => boolean): Promise<JsonObject> {
    for (;;) {
      const event = await this.next();
      if (wanted(event)) return event;
    }
  }

  rest(): Promise<readonly JsonObject[]> {
    return inTime("the end", Array.fromAsync(this.#events));
  }

  pause(): void {
    this.#response.socket.pause();
  }

  resume(): void {
    this.#response.socket.resume();
  }

  leave(): void {
    this.#response.destroy();
  }
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<JsonObject, undefined> {
  let lines: string[] = [];
  for await (const line of createInterface({ input: response })) {
    if (line !== "") {
      lines.push(line);
      continue;
    }
    const block = lines;
    lines = [];
    if (block.length === 1 && block[0] === ":") continue;
    const [id = "", name = "", data = ""] = block;
    assert.deepEqual([block.length, name], [3, "event: watch"]);
    const event = asObject(JSON.parse(data.replace(/^data: /, "")));
    assert.equal(id, `id: ${String(event["id"])}`);
    yield event;
  }
  return undefined;
}
