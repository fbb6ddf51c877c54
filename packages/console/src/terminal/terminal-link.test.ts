import assert from "node:assert/strict";
import { test } from "node:test";

import type { TerminalEvent } from "@alcove/sdk/browser/index.ts";

import { type Attachment, type LinkState, TerminalLink } from "./terminal-link.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Plays what the host says, one script an attachment; an `Error` breaks it. */
function stage(scripts: readonly (readonly (TerminalEvent | Error)[])[]) {
  const log: string[] = [];
  const states: LinkState[] = [];
  let at = 0;
  const attach = async (): Promise<Attachment> => {
    const script = scripts[at++];
    if (!script) throw new Error("nobody answers");
    return {
      async *events() {
        for (const event of script) {
          await Promise.resolve();
          if (event instanceof Error) throw event;
          yield event;
        }
      },
      write: async (text) => void log.push(`typed ${text}`),
      resize: ({ cols, rows }) => void log.push(`resize ${cols}x${rows}`),
      close: () => void log.push("close"),
    };
  };
  const screen = {
    size: { cols: 80, rows: 24 },
    begin: () => void log.push("begin"),
    show: async (shown: Uint8Array) => void log.push(`show ${new TextDecoder().decode(shown)}`),
    gap: (dropped: number) => void log.push(`gap ${dropped}`),
    settled: async () => void log.push("settled"),
    setOpen: (isOpen: boolean) => void log.push(isOpen ? "open" : "shut"),
  };
  return { log, states, attach, screen, attempts: () => at };
}

function linkOf(
  set: ReturnType<typeof stage>,
  diagnose = async (error: Error) => ({ isGone: false, why: `${error.message}.` }),
): TerminalLink {
  const { screen, attach, states } = set;
  const onState = (state: LinkState): void => void states.push(state);
  return new TerminalLink({ screen, attach, diagnose, onState, firstPauseMs: 1 });
}

test("terminal link: what was kept is shown before anything may be typed, and the exit is the end", async () => {
  const set = stage([
    [{ type: "output", bytes: bytes("kept") }, { type: "live" }, { type: "exit", code: 3 }],
  ]);
  await linkOf(set).run(new AbortController().signal);
  assert.deepEqual(set.log, [
    "begin",
    "show kept",
    "settled",
    "resize 80x24",
    "open",
    "settled",
    "shut",
    "close",
  ]);
  assert.deepEqual(set.states, [{ is: "connecting" }, { is: "live" }, { is: "exited", code: 3 }]);
});

test("terminal link: after a break all is shown again; what is typed meanwhile is dropped", async () => {
  const set = stage([
    [{ type: "live" }, new Error("broken")],
    [{ type: "output", bytes: bytes("again") }, { type: "live" }, { type: "exit", code: 0 }],
  ]);
  const link = linkOf(set);
  link.type("too early");
  await link.run(new AbortController().signal);
  link.type("too late");
  assert.deepEqual(
    set.states.map(({ is }) => is),
    ["connecting", "live", "away", "live", "exited"],
  );
  assert.equal(set.log.filter((it) => it === "begin").length, 2);
  assert.ok(!set.log.some((it) => it.startsWith("typed")));
});

test("terminal link: programs are made to draw again when not all of their output came", async () => {
  const set = stage([
    [{ type: "gap", droppedBytes: 9 }, { type: "live" }, { type: "exit", code: 0 }],
  ]);
  await linkOf(set).run(new AbortController().signal);
  assert.deepEqual(set.log.slice(0, 5), [
    "begin",
    "gap 9",
    "settled",
    "resize 80x23",
    "resize 80x24",
  ]);
});

test("terminal link: one that is gone is not asked for again", async () => {
  const set = stage([]);
  await linkOf(set, async () => ({ isGone: true, why: "The guest was rebooted." })).run(
    new AbortController().signal,
  );
  assert.equal(set.attempts(), 1);
  assert.deepEqual(set.states.at(-1), { is: "gone", why: "The guest was rebooted." });
});

test("terminal link: it tries until it is told to leave, also when nobody can say why", async () => {
  const set = stage([]);
  const leaving = new AbortController();
  const link = linkOf(set, async () => Promise.reject(new Error("no answer either")));
  const running = link.run(leaving.signal);
  while (set.attempts() < 5) {
    link.hurry();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  leaving.abort();
  await running;
  assert.deepEqual(set.states.at(-1), { is: "away", why: "The connection was lost." });
});
