/** Parts of the console that are chunks of their own, loaded when they are first shown. */

import { type ComponentType, lazy, type LazyExoticComponent } from "react";

import { client } from "./client.ts";
import { loadedPart, type Surroundings } from "./load-part.ts";

/** a page that began anew and still lacks a part says so, in place of beginning anew for ever */
const ANEW_EVERY_MS = 60_000;
const KEY = "alcove.begun-anew";

const BROWSER: Surroundings = {
  look: () => client.healthz(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  beginAnew: () => {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < ANEW_EVERY_MS) return false;
    sessionStorage.setItem(KEY, String(Date.now()));
    location.reload();
    return true;
  },
};

/** Like `React.lazy` for a named export. @param part picks the component from the module */
export function lazyPart<M, P>(
  load: () => Promise<M>,
  part: (module: M) => ComponentType<P>,
): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => ({ default: part(await loadedPart(load, BROWSER)) }));
}
