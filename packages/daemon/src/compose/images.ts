/** Images: what people may do about them, and who makes them. */

import path from "node:path";

import type { Config } from "#config/config.ts";
import type { Commits } from "#core/commit/commits.ts";
import type { HostEvents } from "#core/events/host-events.ts";
import type { HostGroups } from "#core/group/host-group.ts";
import { type ImageMaking, Images } from "#core/image/images.ts";
import { ImageWorks } from "#core/image/image-works.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";
import type { Templates } from "#core/template/templates.ts";
import type { Vms } from "#core/vm/vms.ts";
import { diskUsers } from "#images/disk-users.ts";
import { LocalImageBuilder } from "#images/image-builder.ts";
import type { LocalImageStore } from "#images/local-image-store.ts";

import type { Virtualisation } from "./virtualisation.ts";

export interface ImageParts extends Virtualisation {
  readonly vms: Vms;
  readonly groups: HostGroups;
  readonly templates: Templates;
  readonly commits: Commits;
  readonly events: HostEvents;
  readonly log: Log;
}

export interface OpenImages extends AsyncDisposable {
  readonly imageDesk: Images;
}

const CHECKOUT = path.resolve(import.meta.dirname, "../../../..");

/** Disposing it calls off what is being made. */
export async function openImages(config: Config, parts: ImageParts): Promise<OpenImages> {
  const { localImages, images: store } = parts;
  await using opened = new AsyncDisposableStack();
  const making = localImages ? await openMaking(config, localImages, parts) : undefined;
  if (making) opened.use(making.works);
  const imageDesk = new Images({ ...parts, store, making });
  const scope = opened.move();
  return { imageDesk, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

async function openMaking(
  { stateDir, downloadEnv }: Config,
  store: LocalImageStore,
  { events, log }: ImageParts,
): Promise<ImageMaking> {
  const settings = { store, stateDir, repository: CHECKOUT, downloadEnv };
  const builder = await LocalImageBuilder.open(settings);
  builder.sweep().catch((error: unknown) => log.warn("image.leftovers_not_removed", { error }));
  const works = new ImageWorks({ builder, events, clock: systemClock, log });
  return { builder, works, disksOn: diskUsers(stateDir) };
}
