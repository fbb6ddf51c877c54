/**
 * The web console below /ui/: files from memory, and its first page for every address that it makes up
 * itself. Open to anybody: it holds nothing of the host, and asks the API as any client does.
 */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";

import { AlcoveError } from "#core/errors.ts";
import type { ConsoleFile, ConsoleFiles } from "#core/ports/console-files.ts";
import type { Log } from "#core/ports/log.ts";

import { answerErrors } from "../errors.ts";
import { refuseOtherMethods, watchRoutes } from "../methods.ts";
import { formFor } from "./encodings.ts";
import { PAGE_HEADERS } from "./policies.ts";

const ROOT = "/ui/";
const FIRST_PAGE = "index.html";
/** files whose names change with their content */
const HASHED = /^assets\//;
const FILE_ENDING =
  /\.(?:css|gif|html?|ico|jpe?g|js|json|map|png|svg|txt|wasm|webmanifest|webp|woff2?|xml)$/i;
const FOR_EVER = "public, max-age=31536000, immutable";
const ASK_EACH_TIME = "no-cache";

/** @param files `undefined` when the console is not built */
export function consolePages(files: ConsoleFiles | undefined, log: Log): FastifyPluginAsync {
  return async (app) => {
    const routes = watchRoutes(app);
    answerErrors(app, log, ({ message }) => message);
    const open = { config: { access: "open" } } as const;
    app.get("/ui", open, async (_request, reply) => reply.redirect(ROOT, 308));
    app.get<{ Params: { "*": string } }>(`${ROOT}*`, open, async (request, reply) => {
      void reply.headers(PAGE_HEADERS);
      if (!files) return plainText(reply, 503, NOT_BUILT);
      const name = request.params["*"];
      const file = files.get(name) ?? (isAddress(name) ? files.get(FIRST_PAGE) : undefined);
      if (!file) return plainText(reply, 404, "There is no such file in the console\n");
      return send(request, reply, { file, caching: HASHED.test(name) ? FOR_EVER : ASK_EACH_TIME });
    });
    refuseOtherMethods(app, routes);
    // Not in the table: other methods are as unknown there as other paths.
    app.get("/", { ...open, exposeHeadRoute: false }, async (request, reply) => {
      if (!/\btext\/html\b/.test(request.headers.accept ?? "")) throw nothingHere();
      return reply.header("vary", "accept").redirect(ROOT, 302);
    });
  };
}

const NOT_BUILT = `The web console is not built here. To build it, in Alcove's directory:

    npm run build -w @alcove/console

and start the daemon again. Everything else is served as ever; the command \`alcove\` does what the console does.
`;

interface Sent {
  readonly file: ConsoleFile;
  /** Cache-Control */
  readonly caching: string;
}

function send(request: FastifyRequest, reply: FastifyReply, { file, caching }: Sent): FastifyReply {
  const { headers } = request;
  void reply.headers({ "cache-control": caching, etag: file.etag, vary: "accept-encoding" });
  if (knows(headers["if-none-match"], file.etag)) return reply.code(304).send();
  const { content, encoding } = formFor(file, headers["accept-encoding"]);
  if (encoding !== undefined) void reply.header("content-encoding", encoding);
  return reply.type(file.type).send(content);
}

/** A proxy that compresses by itself weakens what it passes on. */
function knows(header: string | undefined, etag: string): boolean {
  return (header ?? "").split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
}

/** What the console makes up itself; names of VMs, which are in them, may have dots. */
function isAddress(name: string): boolean {
  return !HASHED.test(name) && !FILE_ENDING.test(name);
}

function plainText(reply: FastifyReply, status: number, words: string): FastifyReply {
  return reply.code(status).header("cache-control", "no-store").type("text/plain").send(words);
}

function nothingHere(): AlcoveError {
  return new AlcoveError("route_not_found", "There is no / in this API", { path: "/" });
}
