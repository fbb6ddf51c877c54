import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_LINES, TextLines } from "./text-lines.ts";
import { TextSearch } from "./text-search.ts";

function linesOf(...pieces: readonly string[]): TextLines {
  const lines = new TextLines();
  for (const piece of pieces) lines.write(piece);
  return lines;
}

test("lines: ends of lines of every kind, and what is written over", () => {
  assert.equal(linesOf("one\r\ntwo\nthr", "ee").toString(), "one\ntwo\nthree");
  assert.equal(linesOf("10 %\r 20 %\r\u001b[Kdone\n").toString(), "done\n");
  assert.equal(linesOf("abc\b\bX").toString(), "aXc");
  assert.equal(linesOf("a\tb").toString(), "a       b");
  assert.equal(linesOf("ab\u001b[5Gc").toString(), "ab  c");
});

test("lines: colours are kept, wherever the pieces are cut", () => {
  const whole = "[\u001b[0;1;32m OK \u001b[0m] up";
  for (let at = 0; at <= whole.length; at += 1) {
    const lines = linesOf(whole.slice(0, at), whole.slice(at));
    assert.deepEqual(lines.line(0), {
      text: "[ OK ] up",
      runs: [{ from: 1, to: 5, classes: "ansi-bold ansi-fg-2" }],
    });
  }
  const written = linesOf("\u001b[31mred\r\u001b[34mb").line(0);
  assert.deepEqual(written.runs, [
    { from: 0, to: 1, classes: "ansi-fg-4" },
    { from: 1, to: 3, classes: "ansi-fg-1" },
  ]);
  assert.equal(linesOf("\u001b[38;5;196mx").line(0).runs[0]?.classes, "ansi-fg-1");
  assert.equal(linesOf("\u001b[48;2;0;0;250mx").line(0).runs[0]?.classes, "ansi-bg-4");
});

test("lines: nothing else of a terminal gets through", () => {
  assert.equal(linesOf("a\u001b]0;title\u0007b").toString(), "ab");
  assert.equal(linesOf("a\u001b]8;;http://evil\u001b\\b").toString(), "ab");
  assert.equal(linesOf("a\u001bP+q544e\u001b\\b\u001b(Bc\u001bcd\u0000\u007f").toString(), "abcd");
  assert.equal(linesOf("a\u001b[6n\u001b[2J\u001b[?1049hb").toString(), "ab");
  assert.equal(linesOf("a\u202eb\u2066c").toString(), "a\ufffdb\ufffdc");
  assert.equal(linesOf(`\u001b[${"1;".repeat(5_000)}mx`).toString(), "x");
  assert.ok(
    linesOf(`\u001b]${"y".repeat(10_000)}`, "z\nend")
      .toString()
      .endsWith("end"),
  );
});

test("lines: bounded; numbers stay when the oldest go", () => {
  const lines = new TextLines();
  for (let at = 0; at <= MAX_LINES; at += 1) lines.write(`${at}\n`);
  assert.ok(lines.end - lines.first <= MAX_LINES);
  assert.equal(lines.line(lines.first).text, String(lines.first));
  assert.equal(lines.line(lines.end - 1).text, String(MAX_LINES));
  lines.write("x".repeat(10_000));
  assert.equal(lines.line(lines.end - 1).text.length, 10_000 - 2 * 4_096);
  lines.clear();
  assert.equal(lines.toString(), "");
});

test("search: in any case, in lines that grow, and not in those that went", () => {
  const lines = linesOf("Error: a\nfine\nan ERR");
  const search = new TextSearch(lines, "err");
  assert.deepEqual(search.matches(), [
    { line: 0, from: 0, to: 3 },
    { line: 2, from: 3, to: 6 },
  ]);
  lines.write("or, err\n");
  assert.deepEqual(
    search.matches().map(({ line, from }) => [line, from]),
    [
      [0, 0],
      [2, 3],
      [2, 10],
    ],
  );
  lines.clear();
  assert.deepEqual(search.matches(), []);
});

test("lines: a guest that changes colours or jumps at every character costs neither time nor memory", () => {
  const colours = Array.from({ length: 4_096 }, (_, at) => `\u001b[3${at % 8}mx`).join("");
  const jumps = Array.from({ length: 4_000 }, (_, at) => `\u001b[${(at * 977) % 4_000}G${at % 10}`);
  const lines = new TextLines();
  const begun = process.cpuUsage();
  for (let n = 0; n < 10; n += 1) lines.write(`${colours}\n\u001b[3${n % 8}m${jumps.join("")}\n`);
  const { user, system } = process.cpuUsage(begun); // µs, however busy the machine is
  assert.ok(user + system < 1_000_000);
  for (let line = lines.first; line < lines.end; line += 1)
    assert.ok(lines.line(line).runs.length <= 257);
  assert.equal(lines.line(0).text.length, 4_096);
});

test("lines: stretches of colour count as what is kept", () => {
  const lines = new TextLines();
  const colours = Array.from({ length: 250 }, (_, at) => `\u001b[3${1 + (at % 7)}mx`).join("");
  const whole = `${colours}\n`.repeat(100);
  for (let n = 0; n < 30; n += 1) lines.write(whole);
  assert.ok(lines.first > 0 && lines.end - lines.first < 2_100);
});

test("lines: one without an end is cut, however long it is", () => {
  assert.equal(linesOf("x".repeat(4 * 1024 * 1024)).line(0).text.length, 4_096);
});
