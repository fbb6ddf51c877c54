/** Copies of VMs' disks: made, listed, fetched by a signed link, removed and brought back. */

import { Readable } from "node:stream";

import type { FastifyPluginAsync, FastifyReply } from "fastify";

import type { BackupState } from "#core/aleph/backup/backups.ts";
import type { BackupDescription } from "#core/aleph/backup/shelf.ts";
import { Refusal } from "#core/aleph/refusal.ts";

import { clientLeft } from "../client-left.ts";
import { sendJson, sendText } from "./answers.ts";
import { admitted, type ByRef, hashOf } from "./guard.ts";
import type { AlephParts } from "./parts.ts";
import { parameter } from "./query.ts";
import { OWNER } from "./route-rule.ts";

interface ByBackup {
  Params: { readonly ref: string; readonly backupId: string };
}

const LINK = { rule: { who: "link", cors: true } } as const;

export const backups: FastifyPluginAsync<AlephParts> = async (app, parts) => {
  const all = "/control/machine/:ref/backup";
  const one = `${all}/:backupId`;

  app.post<ByRef>(all, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    const order = {
      volumes: parameter(request, "include_volumes") === "true",
      freeze: parameter(request, "skip_fsfreeze") !== "true",
    };
    return await sendState(reply, () => parts.backups.create(hash, order, left));
  });

  app.get<ByRef>(all, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    return await sendState(reply, () => parts.backups.state(hash, left));
  });

  app.get<ByBackup>(one, { config: LINK }, async (request, reply) => {
    const { ref, backupId } = request.params;
    const query = {
      signature: parameter(request, "signature"),
      expires: parameter(request, "expires"),
    };
    const hash = hashOf(ref);
    parts.presigned.demand({ backupId, vmHash: hash }, query);
    const download = await parts.backups.download(hash, backupId, clientLeft(request, reply));
    void reply
      .type("application/x-tar")
      .header("content-disposition", `attachment; filename="${backupId}.tar"`)
      .header("content-length", download.sizeBytes)
      .header("x-backup-checksum", download.checksum)
      .header("x-source-size", download.sourceSizeBytes);
    return reply.send(Readable.from(download.content, { objectMode: false }));
  });

  app.delete<ByBackup>(one, { config: OWNER }, async (request, reply) => {
    const { hash, left } = await admitted(request, reply, parts);
    const { backupId } = request.params;
    await parts.backups.remove(hash, backupId, left);
    return sendText(reply, `Deleted backup ${backupId}`);
  });
};

/** What went wrong in the background is told once, and without an envelope. */
async function sendState(
  reply: FastifyReply,
  asked: () => Promise<BackupState>,
): Promise<FastifyReply> {
  try {
    const state = await asked();
    if (state.kind === "in progress") return sendJson(reply, { status: "in_progress" }, 202);
    return sendJson(reply, metadata(state.backup));
  } catch (error) {
    if (!Refusal.is(error, "failed")) throw error;
    return sendText(reply, error.message, 500);
  }
}

function metadata(backup: BackupDescription): object {
  return {
    backup_id: backup.id,
    size: backup.sizeBytes,
    volumes: backup.volumes,
    expires_at: backup.expiresAt.toISOString(),
    checksum: backup.checksum,
    source_sizes: backup.sourceSizes,
    download_url: backup.downloadUrl,
  };
}
