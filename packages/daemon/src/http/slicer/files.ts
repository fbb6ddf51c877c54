/** Files in and out of a guest. Contract A12. */

import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply } from "fastify";
import { type Static, Type } from "typebox";

import { AlcoveError, invalidRequest } from "#core/errors.ts";
import { agentOf } from "#core/exec/guest-work.ts";
import type {
  CopyPlacement,
  GuestCopyIn,
  GuestCopyOut,
  GuestSource,
} from "#core/ports/guest-link.ts";

import { piecesOf, streamedBodies } from "../bodies.ts";
import { clientLeft, whenLeft } from "../client-left.ts";
import { sendOwned } from "../streamed.ts";
import type { SlicerParts } from "./parts.ts";
import { flag, listOf, Many, One, pathOf, permissionBits, userOf } from "./query.ts";

const params = Type.Object({ hostname: Type.String() });
const InQuery = Type.Object({
  path: One,
  mode: One,
  uid: One,
  gid: One,
  permissions: One,
  source_name: One,
  source_type: One,
  copy_contents: One,
  exclude: Many,
});
const OutQuery = Type.Object({ path: One, mode: One, uid: One, gid: One, exclude: Many });

const TAR = "application/x-tar";
const BYTES = "application/octet-stream";
const access = { access: "vm:use" } as const;

export const files: FastifyPluginAsyncTypebox<SlicerParts> = async (app, { vms }) => {
  streamedBodies(app);

  const copyIn = { schema: { params, querystring: InQuery }, config: access } as const;
  app.post("/vm/:hostname/cp", copyIn, async (request, reply) => {
    const { query, headers, raw } = request;
    const mode = inMode(query.mode, headers["content-type"]);
    const order = copyInOf(query, mode, numberOf(headers["x-slicer-unpacked-size"]));
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(request.params.hostname), left);
    await asRequested(agent.copyIn(order, piecesOf(raw), left));
    return reply.type("text/plain").send("");
  });

  const copyOut = {
    schema: { params, querystring: OutQuery },
    config: access,
    exposeHeadRoute: false, // it would copy everything out to throw it away
  } as const;
  app.get("/vm/:hostname/cp", copyOut, async (request, reply) => {
    const { query, headers } = request;
    const mode = outMode(query.mode, headers.accept);
    const left = clientLeft(request, reply);
    const agent = await agentOf(vms.get(request.params.hostname), left);
    const source = await agent.copyOut(copyOutOf(query, mode), left);
    whenLeft(left, () => source.cancel());
    describeSource(reply, source, mode);
    await sendOwned(reply, cancelling(source), left);
    return reply;
  });
};

/** In an answer to an upload 404 means the VM; a folder that is missing in it is the request's mistake. */
async function asRequested(copy: Promise<unknown>): Promise<void> {
  try {
    await copy;
  } catch (error) {
    const missing = AlcoveError.is(error, "guest_refused") && error.details.reason === "not_found";
    if (missing) throw invalidRequest("path", error.message);
    throw error;
  }
}

const IN_MODES = ["binary", "tar", "cp-v1-binary", "cp-v1-tar"] as const;
const OUT_MODES = [...IN_MODES, "cp-v1-recursive"] as const;
type InMode = (typeof IN_MODES)[number];
type OutMode = (typeof OUT_MODES)[number];

function inMode(mode: string | undefined, contentType: string | undefined): InMode {
  if (mode === undefined || mode === "") return contentType?.startsWith(TAR) ? "tar" : "binary";
  return IN_MODES.find((it) => it === mode) ?? refuseMode(mode);
}

function outMode(mode: string | undefined, accept: string | undefined): OutMode {
  if (mode === undefined || mode === "") return accept?.startsWith(TAR) ? "tar" : "binary";
  return OUT_MODES.find((it) => it === mode) ?? refuseMode(mode);
}

/** Go's client matches on this text before it falls back to an older mode. */
function refuseMode(mode: string): never {
  throw invalidRequest("", `invalid mode: ${mode}`);
}

function copyInOf(
  query: Static<typeof InQuery>,
  mode: InMode,
  unpackedSizeBytes: number | undefined,
): GuestCopyIn {
  return {
    path: pathOf(query.path),
    format: mode === "tar" || mode === "cp-v1-tar" ? "tar" : "file",
    user: userOf(query, "default"),
    mode: permissionBits(query.permissions),
    placement: mode.startsWith("cp-v1") ? placementOf(query) : { kind: "exact" },
    unpackedSizeBytes,
  };
}

function placementOf(query: Static<typeof InQuery>): CopyPlacement {
  const contents = flag("copy_contents", query.copy_contents);
  const sourceName = query.source_name ?? "";
  const isName = sourceName !== "" && !sourceName.includes("/") && !/^\.\.?$/.test(sourceName);
  if (!isName && !contents) throw invalidRequest("source_name", "must be one path component");
  return { kind: "cp", sourceName, contents };
}

function copyOutOf(query: Static<typeof OutQuery>, mode: OutMode): GuestCopyOut {
  return {
    path: pathOf(query.path),
    format: mode === "cp-v1-recursive" ? "any" : mode.endsWith("tar") ? "tar" : "file",
    user: userOf(query, "default"),
    exclude: listOf(query.exclude),
  };
}

/** Says in the headers what is coming. */
function describeSource(reply: FastifyReply, source: GuestSource, mode: OutMode): void {
  if (mode === "cp-v1-tar" && source.type === "file") {
    source.cancel();
    throw invalidRequest("path", "must specify a directory not a file");
  }
  const isTar = mode.endsWith("tar") || source.type === "directory";
  reply.type(isTar ? TAR : BYTES);
  if (!isTar) reply.header("x-slicer-file-mode", source.mode.toString(8).padStart(4, "0"));
  if (!isTar && source.sizeBytes !== undefined) reply.header("content-length", source.sizeBytes);
  if (mode.startsWith("cp-v1")) {
    reply.header("x-slicer-source-type", source.type);
    const name = Buffer.from(source.name).toString("base64url");
    if (name !== "") reply.header("x-slicer-source-name-base64", name);
  }
}

/** A client that leaves in the middle ends the guest's work, too. */
async function* cancelling(source: GuestSource): AsyncGenerator<Uint8Array> {
  try {
    yield* source.content;
  } finally {
    source.cancel(); // harmless after an ordinary end
  }
}

/** What is no number is as if it were not there; one that is too large to be told exactly is still too large. */
function numberOf(header: string | string[] | undefined): number | undefined {
  if (typeof header !== "string" || !/^\d+$/.test(header)) return undefined;
  return Math.min(Number(header), Number.MAX_SAFE_INTEGER);
}
