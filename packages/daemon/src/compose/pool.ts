/** Machines made ahead: what they are made with, and who keeps them ready. */

import path from "node:path";

import type { Config } from "#config/config.ts";
import { PoolKeeper } from "#core/pool/pool-keeper.ts";
import type { Pools } from "#core/pool/pools.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { HostFacts } from "#core/ports/host-facts.ts";
import type { Networks } from "#core/ports/networks.ts";
import { guestSecrets } from "#core/secrets/guest-secrets.ts";
import type { Secrets } from "#core/secrets/secrets.ts";
import type { Templates } from "#core/template/templates.ts";
import type { KeptLayers } from "#core/vm/kept-layers.ts";
import type { Vms } from "#core/vm/vms.ts";
import { ownMemory } from "#host/own-memory.ts";

import { guestWords } from "./guest-words.ts";
import { planning } from "./planning.ts";
import type { TemplateParts } from "./templates.ts";

export interface PoolParts extends TemplateParts {
  readonly pools: Pools;
  readonly templates: Templates;
  readonly keptLayers: KeptLayers;
  readonly networks: Networks;
  readonly secrets: Secrets;
  readonly hostFacts: HostFacts;
}

/** Begins to fill them; disposing it leaves no machine that is nobody's VM. */
export function keepPools(config: Config, parts: PoolParts, vms: Vms): PoolKeeper {
  const runRoot = path.join(config.runtimeDir, "vms");
  const planFor = planning({ ...parts, runRoot });
  const words = { ...guestWords(parts.networks), ...guestSecrets(parts.secrets, parts.log) };
  return new PoolKeeper({ ...parts, ...words, vms, planFor, ownMemory, clock: systemClock });
}
