/**
 * Makes images for the daemon: the same way as the image tool, with a directory in place of paths.
 *
 * Who holds the daemon's token is root in guests, but may not read the host's files. So a disk to import is named
 * by a name alone, in one directory that only the host's administrator can put files into.
 */

import { lstat, mkdir, readdir } from "node:fs/promises";
import path from "node:path";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import type { ReportProgress } from "#core/image/progress.ts";
import { parseImageName } from "#core/image/reference.ts";
import type {
  BroughtFile,
  ImageBuilder,
  ImportOrder,
  MadeImage,
  MakingOrder,
  Recipe,
} from "#core/ports/image-builder.ts";

import type { BuildContext } from "./build-tools.ts";
import { CLOUD_KERNEL } from "./cloud-kernel.ts";
import type { LocalImageStore } from "./local-image-store.ts";
import {
  agentVersionIn,
  buildImage,
  checkRecipe,
  importImage,
  kernelInStore,
  RECIPES,
  sourcesIn,
  type Workshop,
} from "./make-image.ts";
import { readRecipe, type RootfsRecipe } from "./recipe.ts";
import { SMALL_KERNEL } from "./small-kernel.ts";
import { type LockHolder, lockStore } from "./store-lock.ts";

export interface BuilderSettings {
  readonly store: LocalImageStore;
  readonly stateDir: string;
  /** checkout of this program, where recipes and the agent are */
  readonly repository: string;
  /** variables for tools that download: proxies */
  readonly downloadEnv: Readonly<Record<string, string>>;
}

/** Looking once whether the store is free is no wait. */
const never = new AbortController().signal;

/** how many disks to import are told of */
const MAX_BROUGHT = 256;

export class LocalImageBuilder implements ImageBuilder {
  readonly importDirectory: string;
  readonly #settings: BuilderSettings;

  static async open(settings: BuilderSettings): Promise<LocalImageBuilder> {
    const builder = new LocalImageBuilder(settings);
    await mkdir(builder.importDirectory, { recursive: true, mode: 0o700 });
    return builder;
  }

  private constructor(settings: BuilderSettings) {
    this.#settings = settings;
    this.importDirectory = path.join(settings.stateDir, "import");
  }

  async recipes(): Promise<readonly Recipe[]> {
    const { recipesDir } = sourcesIn(this.#settings.repository);
    const read = async (name: string): Promise<Recipe> => {
      const { description } = await readRecipe<Pick<RootfsRecipe, "description">>(recipesDir, name);
      return { name, kind: name === SMALL_KERNEL ? "kernel" : "image", description };
    };
    return await Promise.all(RECIPES.map(read));
  }

  async brought(): Promise<readonly BroughtFile[]> {
    const names = (await readdir(this.importDirectory)).filter(isPlainName).toSorted();
    const files: BroughtFile[] = [];
    for (const file of names.slice(0, MAX_BROUGHT)) {
      const sizeBytes = await this.#sizeOf(file);
      if (sizeBytes !== undefined) files.push({ file, sizeBytes });
    }
    return files;
  }

  async check(order: MakingOrder): Promise<void> {
    if (order.what === "build") checkRecipe(order.name);
    else await this.#checkImport(order);
  }

  async make(order: MakingOrder, report: ReportProgress, signal: AbortSignal): Promise<MadeImage> {
    const workshop = this.#workshop(order, report);
    if (order.what === "build") return await buildImage(workshop, order.name, signal);
    const { name, kernel = CLOUD_KERNEL, rootDevice } = order;
    await this.#checkImport(order); // it may have waited for long
    const file = path.join(this.importDirectory, order.file);
    const wanted = { name, file, kernel, rootDevice, form: "raw" } as const;
    return { manifest: await importImage(workshop, wanted, signal), outcome: "built" };
  }

  /** Removes what a build left whose daemon was killed, unless another program is changing the store. */
  async sweep(): Promise<void> {
    const { store } = this.#settings;
    const request = { purpose: "cleaning up", waitMs: 0, onWait: () => {} };
    try {
      await using _lock = await lockStore(store.root, request, never);
      await store.sweep();
    } catch (error) {
      if (!AlcoveError.is(error, "image_store_busy")) throw error; // whoever is busy sweeps, too
    }
  }

  async #checkImport({ name, file, kernel }: ImportOrder): Promise<void> {
    const { store } = this.#settings;
    parseImageName(name);
    if (RECIPES.includes(name) || name === CLOUD_KERNEL)
      throw invalidRequest("name", `${name} is what a recipe makes; choose another`);
    if (await store.manifests.findByName(name)) {
      const message = `There is an image ${name} already: remove it first, or choose another name`;
      throw new AlcoveError("name_taken", message, { name });
    }
    if (kernel !== undefined && kernel !== CLOUD_KERNEL) await kernelInStore(store, kernel);
    if (isPlainName(file) && (await this.#sizeOf(file)) !== undefined) return;
    const problem = `there is no file ${JSON.stringify(file)} in ${this.importDirectory}: put the disk there on the host, and give its name alone`;
    throw invalidRequest("file", problem);
  }

  /** @returns `undefined` for what is no plain file: a link could lead anywhere */
  async #sizeOf(file: string): Promise<number | undefined> {
    const found = await lstat(path.join(this.importDirectory, file)).catch(() => undefined); // not there
    return found?.isFile() ? found.size : undefined;
  }

  #workshop(order: MakingOrder, report: ReportProgress): Workshop {
    const { store, stateDir, repository, downloadEnv } = this.#settings;
    const freshness = order.what === "build" ? order.freshness : "cached";
    const sources = sourcesIn(repository);
    const context: BuildContext = { root: store.root, ...sources, downloadEnv, freshness, report };
    const agentVersion = () => agentVersionIn(repository);
    const onWait = ({ pid, purpose }: LockHolder) =>
      report({ step: "wait for the image store", detail: `process ${pid} is ${purpose}` });
    return { store, stateDir, context, agentVersion, onWait };
  }
}

/** A name in a directory: no way to another one, and nothing hidden. */
function isPlainName(text: string): boolean {
  return /^[^./\\\p{Cc}][^/\\\p{Cc}]{0,254}$/u.test(text);
}
