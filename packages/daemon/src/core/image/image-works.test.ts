import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import type { Changed } from "#core/events/host-events.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { ImageBuilder, MadeImage, MakingOrder } from "#core/ports/image-builder.ts";
import { RememberingLog } from "#testing/remembering-log.ts";

import { ImageWorks } from "./image-works.ts";
import { manifestOf, MANIFEST_SCHEMA } from "./manifest.ts";
import type { ReportProgress } from "./progress.ts";

const BLOB = { digest: "a".repeat(64), sizeBytes: 1 };
const kernel = {
  name: "k",
  release: "6.1",
  vmlinux: BLOB,
  initramfs: null,
  args: [],
  source: "k=1",
};

function made(name: string): MadeImage {
  const content = { schema: MANIFEST_SCHEMA, kind: "kernel", name, kernel } as const;
  return { manifest: manifestOf(content, new Date()), outcome: "built" };
}

/** Makes nothing until the test says so. */
class ScriptedBuilder implements ImageBuilder {
  readonly importDirectory = "/nowhere";
  readonly begun: string[] = [];
  readonly reports: ReportProgress[] = [];
  readonly #ends: PromiseWithResolvers<MadeImage>[] = [];

  async recipes() {
    return [];
  }

  async brought() {
    return [];
  }

  async check({ name }: MakingOrder) {
    if (name === "none") throw invalidRequest("recipe", "There is no recipe none");
  }

  async make({ name }: MakingOrder, report: ReportProgress, signal: AbortSignal) {
    this.begun.push(name);
    this.reports.push(report);
    const end = Promise.withResolvers<MadeImage>();
    signal.addEventListener("abort", () => end.reject(signal.reason), { once: true });
    this.#ends.push(end);
    return await end.promise;
  }

  async endWith(outcome: MadeImage | Error) {
    const end = this.#ends.at(-1);
    if (outcome instanceof Error) end?.reject(outcome);
    else end?.resolve(outcome);
    await settled();
  }
}

async function settled() {
  for (let n = 0; n < 5; n += 1) await turn();
}

function stage() {
  const builder = new ScriptedBuilder();
  const announced: Changed[] = [];
  const log = new RememberingLog();
  const events = { announce: (changed: Changed) => void announced.push(changed) };
  const works = new ImageWorks({ builder, events, clock: systemClock, log });
  const states = () =>
    works.list().map(({ order, end }) => `${order.name} ${end?.state ?? "open"}`);
  return { builder, announced, log, works, states };
}

const build = (name: string) => ({ what: "build", name, freshness: "cached" }) as const;

describe("image works", () => {
  test("are done one after the other, and say how far they are", async () => {
    const { builder, works, states, announced } = stage();
    const first = await works.begin(build("a"));
    await works.begin(build("b"));
    await settled();
    assert.deepEqual(builder.begun, ["a"]);
    builder.reports[0]?.({ step: "compile", detail: "x".repeat(1000), fraction: 0.5 });
    assert.equal(works.list()[0]?.progress?.fraction, 0.5);
    assert.equal(works.list()[0]?.progress?.detail?.length, 200);
    await builder.endWith(made("a"));
    assert.deepEqual(builder.begun, ["a", "b"]);
    await builder.endWith(made("b"));
    assert.deepEqual(states(), ["b done", "a done"]);
    assert.ok(first.begunAt && first.end);
    assert.ok(announced.length >= 6);
    assert.ok(announced.every(({ what }) => what === "images"));
  });

  test("the same build asked for twice is one; what is refused never begins", async () => {
    const { builder, works } = stage();
    const first = await works.begin(build("a"));
    assert.equal((await works.begin(build("a"))).id, first.id);
    await assert.rejects(works.begin(build("none")), /There is no recipe none/);
    await settled();
    assert.deepEqual(builder.begun, ["a"]);
  });

  test("a build afresh is not the one that may keep what it was made of; the other way round it is", async () => {
    const { works } = stage();
    const kept = await works.begin(build("a"));
    const afresh = await works.begin({ ...build("a"), freshness: "fresh" });
    assert.notEqual(afresh.id, kept.id);
    assert.equal((await works.begin({ ...build("a"), freshness: "fresh" })).id, afresh.id);
    works.cancel(kept.id);
    await settled();
    assert.equal((await works.begin(build("a"))).id, afresh.id);
  });

  test("one that waits is called off at once, one under way when its builder has stopped", async () => {
    const { builder, works, states } = stage();
    const first = await works.begin(build("a"));
    const second = await works.begin(build("b"));
    await settled();
    assert.equal(works.cancel(second.id).end?.state, "cancelled");
    works.cancel(first.id);
    await settled();
    assert.deepEqual(states(), ["a cancelled", "b cancelled"]);
    assert.deepEqual(builder.begun, ["a"]);
  });

  test("of a failure it tells the sentence, or that only the log knows", async () => {
    const { builder, works, log } = stage();
    const known = await works.begin(build("a"));
    await settled();
    await builder.endWith(new AlcoveError("build_failed", "Could not download", { step: "x" }));
    const unknown = await works.begin(build("b"));
    await settled();
    await builder.endWith(new Error("EIO at /secret/path"));
    const ends = [known, unknown].map(({ end }) => end);
    assert.ok(ends[0]?.state === "failed" && ends[0].message === "Could not download");
    assert.ok(ends[1]?.state === "failed" && ends[1].code === "internal");
    assert.doesNotMatch(ends[1].message, /secret/);
    assert.equal(log.lines.filter(({ event }) => event === "image.build_failed").length, 2);
  });

  test("too many are refused, old ones forgotten, and an ended one can be dismissed", async () => {
    const { builder, works } = stage();
    const names = Array.from({ length: 8 }, (_, n) => `n${n}`);
    for (const name of names) await works.begin(build(name));
    await assert.rejects(works.begin(build("more")), { code: "image_store_busy" });
    for (const { id } of works.list()) works.cancel(id);
    await settled();
    for (let n = 0; n < 15; n += 1) {
      await works.begin(build(`m${n}`));
      await settled();
      await builder.endWith(made("m"));
    }
    assert.equal(works.list().length, 20);
    assert.equal(works.list()[0]?.order.name, "m14");
    const [newest] = works.list();
    works.cancel(newest?.id ?? "");
    assert.equal(works.list().length, 19);
    assert.throws(() => works.cancel(newest?.id ?? ""), { code: "image_work_not_found" });
  });

  test("disposing calls off all and waits until nothing runs", async () => {
    const { works, states } = stage();
    await works.begin(build("a"));
    await works.begin(build("b"));
    await works[Symbol.asyncDispose]();
    assert.deepEqual(states().toSorted(), ["a cancelled", "b cancelled"]);
  });
});
