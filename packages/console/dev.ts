/**
 * Serves the console from its sources and passes everything else on to a daemon, for working on the console.
 *
 *     ALCOVE_URL=http://127.0.0.1:8080 npm run dev -w @alcove/console
 */

import process from "node:process";

import { createServer } from "vite";

import { BASE, settings } from "./vite-settings.ts";

const PORT = 5173;
const daemon = process.env["ALCOVE_URL"] ?? "http://127.0.0.1:8080";
const notOurs = `^(?!${BASE}|/@|/node_modules/)`;
// The daemon is told its own name: it refuses pages of other origins.
const origin = daemon.replace(/\/$/, "");
const server = await createServer({
  ...settings,
  server: {
    host: "127.0.0.1",
    port: PORT,
    proxy: { [notOurs]: { target: daemon, ws: true, changeOrigin: true, headers: { origin } } },
  },
});
await server.listen();
server.printUrls();
