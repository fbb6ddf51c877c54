/** Who needs which disk layers. */

import type { CommitStore } from "#core/ports/commit-store.ts";
import type { DiskLayers } from "#core/ports/disk-layers.ts";
import type { VmStore } from "#core/ports/vm-store.ts";
import type { Templates } from "#core/template/templates.ts";
import { KeptLayers } from "#core/vm/kept-layers.ts";

export interface LayerUsers {
  readonly layers: DiskLayers;
  readonly store: VmStore;
  readonly commitStore: CommitStore;
  readonly templates: Templates;
}

export function keptLayersOf({ layers, store, commitStore, templates }: LayerUsers): KeptLayers {
  const ofVms = () => store.layers();
  const ofCommits = () => commitStore.layers();
  const ofTemplates = () => templates.list().map(({ layer }) => layer);
  return new KeptLayers(layers, [ofVms, ofCommits, ofTemplates]);
}
