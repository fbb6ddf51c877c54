import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { AlcoveApiError, AlcoveConnectionError } from "@alcove/sdk/browser/index.ts";

import { TextLines } from "../ui/text-lines.ts";
import { feedLines, type FeedState, type OpenConsole } from "./serial-feed.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const lost = (): AlcoveConnectionError => new AlcoveConnectionError("No answer", "http://x");

const gone = (): AlcoveApiError => new AlcoveApiError(404, "vm_not_found", "There is no VM x");

/** Each time it is opened it does the next of these; then the VM is gone. */
function consoleOf(...turns: readonly (readonly (string | Uint8Array | Error)[])[]): OpenConsole {
  const left = [...turns];
  return async () => {
    const turn = left.shift() ?? [gone()];
    const [first] = turn;
    if (first instanceof Error) throw first;
    async function* live(): AsyncGenerator<Uint8Array> {
      for (const piece of turn) {
        if (piece instanceof Error) throw piece;
        yield typeof piece === "string" ? bytes(piece) : piece;
      }
    }
    return live();
  };
}

async function fed(open: OpenConsole): Promise<{ text: string; kinds: readonly string[] }> {
  const lines = new TextLines();
  const kinds: string[] = [];
  const tell = ({ kind }: FeedState): void => void kinds.push(kind);
  const { signal } = new AbortController();
  mock.timers.enable({ apis: ["setTimeout"] });
  const feeding = feedLines(open, lines, tell, signal);
  while (!["over", "refused"].includes(kinds.at(-1) ?? "")) {
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(60_000);
  }
  await feeding;
  mock.timers.reset();
  return { text: lines.toString(), kinds };
}

test("serial: what is kept and what comes, in one; characters may be cut anywhere", async () => {
  const [umlaut] = ["ü\n"].map(bytes);
  assert.ok(umlaut);
  const open = consoleOf(["boot\n", umlaut.subarray(0, 1), umlaut.subarray(1)]);
  const { text, kinds } = await fed(open);
  assert.equal(text, "boot\nü\n");
  assert.deepEqual(kinds, ["connecting", "live", "connecting", "over"]);
});

test("serial: a connection that is lost comes back, and nothing is shown twice", async () => {
  const open = consoleOf(["one\n", lost()], [lost()], ["one\n"], ["one\ntwo\n"]);
  const { text, kinds } = await fed(open);
  assert.equal(text, "one\ntwo\n");
  assert.deepEqual(kinds, [
    "connecting",
    "live",
    "lost",
    "lost",
    "live",
    "connecting",
    "live",
    "connecting",
    "over",
  ]);
});

test("serial: waits for a log that is not there yet, and not for a VM that is gone", async () => {
  const noLog = new AlcoveApiError(404, "log_not_found", "It has no console log yet");
  const { kinds } = await fed(consoleOf([noLog], ["boot\n"]));
  assert.deepEqual(kinds, ["connecting", "lost", "live", "connecting", "over"]);
  assert.deepEqual((await fed(consoleOf([gone()]))).kinds, ["connecting", "refused"]);
});

test("serial: ends when the page is left", async () => {
  const leaving = new AbortController();
  const feeding = feedLines(
    consoleOf([lost()]),
    new TextLines(),
    () => leaving.abort(),
    leaving.signal,
  );
  await feeding;
});

test("serial: however long the daemon is away, it is asked for at least every six seconds", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const leaving = new AbortController();
  let asked = 0;
  const away: OpenConsole = async () => {
    asked += 1;
    throw lost();
  };
  const feeding = feedLines(away, new TextLines(), () => {}, leaving.signal);
  for (let second = 0; second < 120; second += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(1_000);
  }
  leaving.abort();
  mock.timers.reset();
  await feeding;
  assert.ok(asked >= 20, `${asked} times in two minutes`);
});
