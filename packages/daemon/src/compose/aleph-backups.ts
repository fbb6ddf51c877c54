/** Backups of an Aleph node's VMs: where they are kept, and how long. */

import type { Presigned } from "#core/aleph/auth/presigned.ts";
import { Backups } from "#core/aleph/backup/backups.ts";
import type { Executions } from "#core/aleph/execution/executions.ts";
import { hostLabelOf } from "#core/aleph/item-hash.ts";
import type { MessageSource } from "#core/aleph/ports/message-source.ts";
import type { AlephSettings } from "#core/aleph/settings.ts";
import { systemClock } from "#core/ports/clock.ts";
import type { Log } from "#core/ports/log.ts";
import type { Vms } from "#core/vm/vms.ts";
import { BackupFiles } from "#images/backup-files.ts";
import { every } from "#lib/every.ts";

const SWEEP_EVERY_MS = 10 * 60 * 1000;

const never = new AbortController().signal;

export interface BackupParts {
  readonly settings: AlephSettings;
  readonly vms: Vms;
  readonly executions: Executions;
  readonly messages: MessageSource;
  readonly presigned: Presigned;
  readonly log: Log;
}

/** @param keep takes what is to be closed */
export async function openBackups(
  { settings, vms, executions, messages, presigned, log }: BackupParts,
  keep: AsyncDisposableStack,
): Promise<Backups> {
  const { directory, maxRestoreUploadBytes } = settings.backup;
  const store = await BackupFiles.open(directory);
  const backups = keep.use(
    new Backups({
      store,
      findVm: (vmHash) => vms.find(hostLabelOf(vmHash)),
      executions,
      messages,
      links: presigned,
      domainName: settings.domainName,
      maxRestoreBytes: maxRestoreUploadBytes,
      clock: systemClock,
      log,
    }),
  );
  // A daemon that dies just after an erasure leaves these.
  const forgetErased = async () => {
    const records = executions.records();
    for (const { vmHash } of await store.list()) {
      const newest = records.find((record) => record.vmHash === vmHash);
      if (newest?.ended === "erased") await backups.forget(vmHash);
    }
  };
  const sweep = async () => {
    const sweeping = backups.sweep(never).then(forgetErased);
    await sweeping.catch((error: unknown) => log.warn("aleph.sweep_failed", { error }));
  };
  await sweep();
  keep.use(every(SWEEP_EVERY_MS, sweep));
  keep.use(
    executions.onChange((vmHash) => {
      if (executions.find(vmHash)?.record.ended !== "erased") return;
      backups.forget(vmHash).catch((error: unknown) => log.warn("aleph.sweep_failed", { error }));
    }),
  );
  return backups;
}
