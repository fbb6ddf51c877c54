import assert from "node:assert/strict";
import { test } from "node:test";

import { type Dropped, topNames, without } from "./dropped.ts";
import { Uploads } from "./uploads.ts";
import { bytesOf, isSame, MAX_TEXT_BYTES, textFileOf } from "./text-file.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test("text files: come back byte for byte, whatever ends their lines", () => {
  for (const text of ["", "one", "a\nb\n", "a\r\nb\r\n", "\ufeffmark\n", "日本\n"]) {
    const file = textFileOf(encode(text));
    assert.ok(!file.text.includes("\r"));
    assert.ok(isSame(bytesOf(file.text, file.lineEnd), file.bytes), JSON.stringify(text));
  }
  assert.equal(isSame(encode("a"), encode("b")), false);
});

test("text files: what is none, or would not survive, is refused in a sentence", () => {
  assert.throws(() => textFileOf(Uint8Array.of(0xff, 0xfe, 0)), /not text in UTF-8/);
  assert.throws(() => textFileOf(encode("a\0b")), /not text/);
  assert.throws(() => textFileOf(encode("a\r\nb\n")), /different ways/);
  assert.throws(() => textFileOf(encode("a\rb")), /different ways/);
  assert.throws(() => textFileOf(new Uint8Array(MAX_TEXT_BYTES + 1)), /256 KiB/);
});

test("what was dropped: what stands at the top, and what is left without some of it", () => {
  const file = new File(["x"], "x");
  const dropped: Dropped = {
    folders: ["site", "site/css"],
    files: [
      { path: "a.txt", file },
      { path: "site/css/main.css", file },
    ],
  };
  assert.deepEqual([...topNames(dropped)], ["site", "a.txt"]);
  assert.deepEqual(without(dropped, new Set(["site"])), {
    folders: [],
    files: [{ path: "a.txt", file }],
  });
});

class Desk {
  readonly folders: string[] = [];
  readonly sent: string[] = [];
  mostAtOnce = 0;
  /** nothing is sent to its end before */
  held: Promise<void> = Promise.resolve();
  #atOnce = 0;
  readonly uploads: Uploads = new Uploads({
    makeFolder: async (path) => void this.folders.push(path),
    send: async (path, file, onBytes, signal) => await this.#send(path, { file, onBytes }, signal),
    onChange: () => undefined,
  });

  async #send(
    path: string,
    { file, onBytes }: { file: Blob; onBytes: (sent: number) => void },
    signal: AbortSignal,
  ): Promise<void> {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    onBytes(1);
    await this.held;
    await new Promise((resolve) => setImmediate(resolve));
    this.#atOnce -= 1;
    signal.throwIfAborted();
    if (path.endsWith("bad")) throw new Error("There is no room");
    onBytes(file.size);
    this.sent.push(path);
  }

  states(): readonly string[] {
    return this.uploads.all.map(({ state }) => state);
  }

  async settled(): Promise<void> {
    while (this.states().some((it) => it === "waiting" || it === "sending"))
      await new Promise((resolve) => setImmediate(resolve));
  }
}

const named = (path: string) => ({ path, file: new File(["abc"], "x") });

test("uploads: folders first, two files at a time, each with its own outcome", async () => {
  const desk = new Desk();
  const files = ["d/1", "d/bad", "d/2", "d/3", "d/4"].map(named);
  desk.uploads.add("/root", { folders: ["d"], files });
  await desk.settled();
  assert.deepEqual(desk.folders, ["/root/d"]);
  assert.equal(desk.mostAtOnce, 2);
  assert.deepEqual(desk.states(), ["done", "failed", "done", "done", "done"]);
  assert.equal(desk.uploads.all[1]?.error?.message, "There is no room");
  assert.equal(desk.uploads.all[0]?.sentBytes, 3);
  desk.uploads.clear();
  assert.deepEqual(desk.uploads.all, []);
});

test("uploads: one that is sent and one that waits can be called off", async () => {
  const desk = new Desk();
  const { promise, resolve: release } = Promise.withResolvers<void>();
  desk.held = promise;
  desk.uploads.add("/", { folders: [], files: ["1", "2", "3", "4"].map(named) });
  while (desk.mostAtOnce < 2) await new Promise((resolve) => setImmediate(resolve));
  desk.uploads.cancel(1);
  desk.uploads.cancel(4);
  release();
  await desk.settled();
  assert.deepEqual(desk.states(), ["cancelled", "done", "done", "cancelled"]);
  assert.deepEqual(desk.sent, ["/2", "/3"]);
});
