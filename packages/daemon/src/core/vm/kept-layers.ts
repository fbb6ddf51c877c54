/**
 * Which layers stay: those that a disk stands on, or that something promises to stand a disk on.
 *
 * What is on record decides, asked anew each time; whoever is about to put a layer on record holds it until then.
 */

import type { LayerId } from "../ids.ts";
import type { DiskLayers } from "../ports/disk-layers.ts";

/** The layers that one kind of thing needs: VMs, commits, templates. */
export type LayerUse = () => Iterable<LayerId>;

export class KeptLayers {
  readonly #layers: DiskLayers;
  readonly #uses: readonly LayerUse[];
  readonly #held = new Map<LayerId, number>();

  /** @param uses all kinds that there are: a layer that none of them names is removed */
  constructor(layers: DiskLayers, uses: readonly LayerUse[]) {
    this.#layers = layers;
    this.#uses = uses;
  }

  /** Keeps a layer, whether it exists yet or not, until this is disposed. */
  hold(id: LayerId): Disposable {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        const others = (this.#held.get(id) ?? 1) - 1;
        if (others === 0) this.#held.delete(id);
        else this.#held.set(id, others);
      },
    };
  }

  /** Removes what nobody needs. @returns ids of those removed */
  async collect(): Promise<readonly LayerId[]> {
    return await this.#layers.keepOnly(this.#needed());
  }

  /** Read when the removal's turn has come, not when it is asked for. */
  *#needed(): Generator<LayerId> {
    yield* this.#held.keys();
    for (const use of this.#uses) yield* use();
  }
}
