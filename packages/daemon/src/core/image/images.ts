/** What people see of images and may do about them: which there are, who needs them, one more, one less. */

import type { Commits } from "../commit/commits.ts";
import { AlcoveError, invalidRequest } from "../errors.ts";
import type { HostEvents } from "../events/host-events.ts";
import type { HostGroups } from "../group/host-group.ts";
import type { BroughtFile, ImageBuilder, MakingOrder, Recipe } from "../ports/image-builder.ts";
import type { ImageStore, InUse, RemovedImage, StoredImage } from "../ports/image-store.ts";
import type { Templates } from "../template/templates.ts";
import type { Vms } from "../vm/vms.ts";
import type { ImageWork, ImageWorks } from "./image-works.ts";

export interface ImagesDeps {
  readonly store: ImageStore;
  readonly vms: Vms;
  readonly groups: HostGroups;
  readonly templates: Pick<Templates, "list">;
  readonly commits: Pick<Commits, "list">;
  readonly events: Pick<HostEvents, "announce">;
  /** what makes images; `undefined` where there are none to be made */
  readonly making: ImageMaking | undefined;
}

export interface ImageMaking {
  readonly builder: ImageBuilder;
  readonly works: ImageWorks;
  /** finds disks that stand on an image, whoever they belong to */
  readonly disksOn: InUse;
}

/** An image with who needs it. */
export interface ImageAccount {
  readonly stored: StoredImage;
  /** for people */
  readonly usedBy: readonly string[];
}

export interface ImageOverview {
  readonly enabled: boolean;
  readonly images: readonly ImageAccount[];
  readonly recipes: readonly Recipe[];
  readonly importDirectory: string;
  readonly brought: readonly BroughtFile[];
  readonly works: readonly ImageWork[];
}

/** What somebody wants made: a recipe's name, or a disk and a name for it. */
export interface ImageOrder {
  readonly recipe: string | undefined;
  readonly fresh: boolean;
  readonly name: string | undefined;
  readonly file: string | undefined;
  readonly kernel: string | undefined;
  readonly rootDevice: string | undefined;
}

const ALL_COMMITS = { tags: [], cacheKey: undefined, source: undefined };

export class Images {
  readonly #deps: ImagesDeps;

  constructor(deps: ImagesDeps) {
    this.#deps = deps;
  }

  async overview(signal: AbortSignal): Promise<ImageOverview> {
    const { store, making } = this.#deps;
    const usersOf = this.#users();
    const images = (await store.list(signal)).map((stored) => ({
      stored,
      usedBy: usersOf(stored),
    }));
    return {
      enabled: making !== undefined,
      images,
      recipes: (await making?.builder.recipes()) ?? [],
      importDirectory: making?.builder.importDirectory ?? "",
      brought: (await making?.builder.brought()) ?? [],
      works: making?.works.list() ?? [],
    };
  }

  /**
   * Makes one in the background.
   * @throws AlcoveError `invalid_request`, `image_not_found`, `name_taken`, `image_store_busy`, `unsupported`
   */
  async order(order: ImageOrder): Promise<ImageWork> {
    return await this.#making().works.begin(makingOf(order));
  }

  /**
   * Calls off a work, or forgets one that has ended.
   * @throws AlcoveError `image_work_not_found`, `unsupported`
   */
  cancel(work: string): ImageWork {
    return this.#making().works.cancel(work);
  }

  /**
   * @param reference a name, or at least eight digits of an id
   * @throws AlcoveError `image_not_found`, `image_in_use`, `image_store_busy`, `unsupported`
   */
  async remove(reference: string, signal: AbortSignal): Promise<RemovedImage> {
    const { disksOn } = this.#making();
    const inUse: InUse = async (stored) => {
      const known = this.#users()(stored);
      return known.length > 0 ? known : await disksOn(stored);
    };
    const removed = await this.#deps.store.remove(reference, inUse, signal);
    this.#deps.events.announce({ what: "images", name: removed.name });
    return removed;
  }

  #making(): ImageMaking {
    const { making } = this.#deps;
    if (making) return making;
    const message = "This host keeps no images: its VMs are fake ones";
    throw new AlcoveError("unsupported", message, { feature: "images" });
  }

  /** A kernel is nobody's: what runs has it in memory, and images bring one of their own. */
  #users(): (stored: StoredImage) => readonly string[] {
    const { vms, groups, templates, commits } = this.#deps;
    const records = vms.all().map(({ record }) => record);
    return ({ manifest: { id, kind, name }, named }) => {
      if (kind === "kernel") return [];
      const mine = records.filter(({ imageId }) => imageId === id);
      const owned = mine.filter(({ owner }) => owner !== undefined).length;
      const isGroups = (image: string) => (named && image === name) || id.startsWith(image);
      return [
        ...groups
          .all()
          .filter(({ image }) => isGroups(image))
          .map((group) => `host group ${group.name}`),
        ...mine.filter(({ owner }) => owner === undefined).map(({ hostname }) => hostname),
        ...(owned > 0
          ? [owned === 1 ? "a VM of another owner" : `${owned} VMs of other owners`]
          : []),
        ...templates
          .list()
          .filter(({ imageId }) => imageId === id)
          .map((template) => `template ${template.id}`),
        ...commits
          .list(ALL_COMMITS)
          .filter(({ imageId }) => imageId === id)
          .map((commit) => `commit ${commit.id}`),
      ];
    };
  }
}

function makingOf({ recipe, fresh, name, file, kernel, rootDevice }: ImageOrder): MakingOrder {
  if (recipe !== undefined) {
    if (name !== undefined || file !== undefined)
      throw invalidRequest(
        "recipe",
        "give either a recipe to build, or a name and a file to import",
      );
    return { what: "build", name: recipe, freshness: fresh ? "fresh" : "cached" };
  }
  if (name === undefined || file === undefined)
    throw invalidRequest("", "say what is to be made: a recipe, or a name and a file to import");
  return { what: "import", name, file, kernel, rootDevice };
}
