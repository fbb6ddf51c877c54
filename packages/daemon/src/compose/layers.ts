/** Who needs which disk layers. */

import type { DiskLayers } from "#core/ports/disk-layers.ts";
import type { VmStore } from "#core/ports/vm-store.ts";
import type { Templates } from "#core/template/templates.ts";
import { KeptLayers } from "#core/vm/kept-layers.ts";

export interface LayerUsers {
  readonly layers: DiskLayers;
  readonly store: VmStore;
  readonly templates: Templates;
}

export function keptLayersOf({ layers, store, templates }: LayerUsers): KeptLayers {
  const ofVms = () => store.all().flatMap(({ layer }) => layer ?? []);
  const ofTemplates = () => templates.list().map(({ layer }) => layer);
  return new KeptLayers(layers, [ofVms, ofTemplates]);
}
