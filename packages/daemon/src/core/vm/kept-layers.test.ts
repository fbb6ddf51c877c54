import assert from "node:assert/strict";
import { test } from "node:test";

import { type LayerId, newLayerId } from "../ids.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";
import { KeptLayers } from "./kept-layers.ts";

const unused = () => {
  throw new Error("it only removes");
};

/** Layers that notes what it was told to keep. */
function stage(uses: readonly (() => Iterable<LayerId>)[]) {
  const kept: (readonly LayerId[])[] = [];
  const keepOnly: DiskLayers["keepOnly"] = async (used) => {
    kept.push([...used].toSorted());
    return [];
  };
  const nothing = { get: unused, below: unused, seal: unused, list: unused };
  const layers = new KeptLayers({ ...nothing, mustTakeAnother: unused, keepOnly }, uses);
  return { layers, kept };
}

test("kept layers: those that are on record stay, asked anew each time", async () => {
  const [a, b, c] = [newLayerId(), newLayerId(), newLayerId()];
  const ofVms = [a];
  const { layers, kept } = stage([() => ofVms, () => [b]]);
  await layers.collect();
  ofVms.push(c);
  await layers.collect();
  assert.deepEqual(kept, [[a, b].toSorted(), [a, b, c].toSorted()]);
});

test("kept layers: one that is held stays until the last who holds it lets go, who may do so twice", async () => {
  const id = newLayerId();
  const { layers, kept } = stage([() => []]);
  const [first, second] = [layers.hold(id), layers.hold(id)];
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await layers.collect();
  second[Symbol.dispose]();
  await layers.collect();
  assert.deepEqual(kept, [[id], []]);
});
