import assert from "node:assert/strict";
import { test } from "node:test";

import { AlcoveApiError, AlcoveConnectionError } from "@alcove/sdk";

import { copyEnd } from "./copy-end.ts";
import { EscapeWatch } from "./escape-watch.ts";
import { EXIT, exitCodeOfSignal } from "./exit-codes.ts";
import { CommandError, UsageError, explain } from "./failure.ts";
import { printable, printableJson, printableLine } from "./printable.ts";
import { table } from "./table.ts";
import { humanAge, humanBytes, humanDuration, parseDurationMs, parseWhole } from "./units.ts";

test("exit codes: every kind of failure has its own", () => {
  const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
  const cases: readonly (readonly [Error, number])[] = [
    [new UsageError("x"), EXIT.usage],
    [new CommandError("x", 5), 5],
    [new AlcoveConnectionError("x", "y", { cause: refused }), EXIT.unreachable],
    [new AlcoveApiError(401, "unauthenticated", "x"), EXIT.notAllowed],
    [new AlcoveApiError(404, "vm_not_found", "x"), EXIT.notFound],
    [new AlcoveApiError(409, "wrong_phase", "x"), EXIT.wrongState],
    [new AlcoveApiError(408, "timed_out", "x"), EXIT.timedOut],
    [new AlcoveApiError(503, "guest_unreachable", "x"), EXIT.wrongState],
    [new AlcoveApiError(503, "no_capacity", "x"), EXIT.noCapacity],
    [new AlcoveApiError(500, "internal", "x"), EXIT.failed],
    [new Error("x"), EXIT.failed],
  ];
  assert.deepEqual(
    cases.map(([error]) => explain(error).exitCode),
    cases.map(([, code]) => code),
  );
  assert.equal(exitCodeOfSignal("SIGINT"), 130);
  assert.equal(exitCodeOfSignal("SIGTERM"), 143);
});

test("failure: a daemon that is not there comes with the way to start it", () => {
  const cause = Object.assign(new Error("x"), { code: "ENOENT" });
  const { message, advice } = explain(new AlcoveConnectionError("x", "/run/a.sock", { cause }));
  assert.match(message, /\/run\/a\.sock/);
  assert.match(advice ?? "", /alcove up/);
});

test("failure: a VM of the configuration comes with the place that says how many there are", () => {
  const { advice, exitCode } = explain(new AlcoveApiError(403, "vm_protected", "x"));
  assert.match(advice ?? "", /`count`/);
  assert.equal(exitCode, EXIT.notAllowed);
});

test("printable: nothing a guest writes reaches the terminal as a command", () => {
  assert.equal(printable("a\u001b[2J\u0007b\u009b31m\tc\nd\u202e\u200b\r"), "a[2Jb31m\tc\nd");
  assert.equal(printableLine("a\nb\tc\u0000"), "a b c");
  assert.equal(printable("naïve 日本 🙂"), "naïve 日本 🙂");
});

test("printable: JSON keeps its value and none of the commands", () => {
  const value = { a: "x\u009b31m\u202e\u{e0041}\u007f", b: ["\n\t"] };
  const text = printableJson(value, 2);
  assert.deepEqual(JSON.parse(text), value);
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
});

test("table: columns line up and lines do not end in blanks", () => {
  const text = table(
    ["NAME", "TAGS"],
    [
      ["é", "x"],
      ["long-name", "a\u001b[31m,b\n"],
    ],
  );
  assert.equal(text, "NAME       TAGS\né          x\nlong-name  a[31m,b");
});

test("units: durations and numbers are read as written, or refused", () => {
  assert.deepEqual(
    ["90s", "1h30m", "500ms", "45", "1.5m"].map(parseDurationMs),
    [90_000, 5_400_000, 500, 45_000, 90_000],
  );
  for (const text of ["", "5 m", "-1s", "m5", "5d"])
    assert.throws(() => parseDurationMs(text), text);
  assert.equal(parseWhole(0)("0"), 0);
  for (const text of ["", "-1", "1.5", "1e3", "0x10", " 1"])
    assert.throws(() => parseWhole(0)(text), text);
});

test("units: sizes, spans and ages are short", () => {
  assert.deepEqual([0, 1023, 2 ** 30, 1.5 * 2 ** 20].map(humanBytes), [
    "0B",
    "1023B",
    "1GiB",
    "1.5MiB",
  ]);
  assert.deepEqual([1_400, 61_000, 7_260_000].map(humanDuration), ["1.4s", "1m1s", "2h1m"]);
  assert.equal(humanAge("2026-01-01T00:00:00Z", new Date("2026-01-01T00:00:05.5Z")), "5s ago");
  assert.equal(humanAge("unknown", new Date()), "unknown");
});

test("copy ends: VM:PATH is a guest's, everything else is here", () => {
  assert.deepEqual(copyEnd("vm-1:/etc/x"), { kind: "guest", hostname: "vm-1", path: "/etc/x" });
  assert.deepEqual(copyEnd("vm-1:x:y"), { kind: "guest", hostname: "vm-1", path: "~/x:y" });
  assert.deepEqual(copyEnd("vm-1:"), { kind: "guest", hostname: "vm-1", path: "~" });
  assert.deepEqual(copyEnd("./vm-1:x"), { kind: "local", path: "./vm-1:x" });
  assert.deepEqual(copyEnd("/a:b"), { kind: "local", path: "/a:b" });
  assert.deepEqual(copyEnd("-"), { kind: "stream" });
});

function typed(...chunks: string[]): readonly [string, boolean] {
  const watch = new EscapeWatch();
  const results = chunks.map((chunk) => watch.pass(Buffer.from(chunk)));
  return [
    results.map(({ bytes }) => bytes.toString()).join(""),
    results.some(({ leave }) => leave),
  ];
}

test("escape: Enter ~ . leaves, ~~ is one tilde, all else passes", () => {
  assert.deepEqual(typed("ls ~.\r"), ["ls ~.\r", false]);
  assert.deepEqual(typed("ls\r", "~", ".rest"), ["ls\r", true]);
  assert.deepEqual(typed("~~x"), ["~x", false]);
  assert.deepEqual(typed("\r~x"), ["\r~x", false]);
});
