/** How the console is bundled, for the build and for the server that developers use. */

import path from "node:path";

import type { InlineConfig } from "vite";

const HERE = import.meta.dirname;

/** below which path of the daemon it is served */
export const BASE = "/ui/";

export const settings: InlineConfig = {
  root: HERE,
  base: BASE,
  configFile: false,
  clearScreen: false,
  oxc: { jsx: { runtime: "automatic" } },
  build: {
    outDir: path.join(HERE, "dist"),
    emptyOutDir: true,
    target: "es2024",
    // Everything is a file of ours: the content security policy admits no code or style that is in a document.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      onLog: (level, log, say) => {
        // "use client" of libraries is for servers that render; there is none.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") say(level, log);
      },
    },
  },
};
