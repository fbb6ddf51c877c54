/**
 * Gives dependency-cruiser the TypeScript 6 parser while `typescript` is 7 for everybody else.
 *
 * dependency-cruiser reads TypeScript through the compiler's JavaScript API, which 7 no longer
 * has; without it it reads nothing and reports no violation. Its other parser, swc, stops at
 * `using`. Loaded with `node --import` by rooms-check.ts, and by nothing else.
 */

import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, nextResolve) {
    return nextResolve(
      specifier.replace(/^typescript(?=\/|$)/, "@typescript/typescript6"),
      context,
    );
  },
});
