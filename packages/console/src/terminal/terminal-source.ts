/** Where a screen's terminal comes from: one that the guest keeps, or a shell that ends with its connection. */

import {
  AlcoveApiError,
  AlcoveConnectionError,
  type ShellSession,
} from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { inWords } from "../ui/error-words.ts";
import type { VmState } from "../vm/vm-state.ts";
import type { Attachment, AttachmentEvent, Diagnosis, LinkParts } from "./terminal-link.ts";

export type TerminalSource = Pick<LinkParts, "attach" | "diagnose">;

/** what a VM is found by */
export type VmName = Pick<VmState, "hostname" | "group">;

/** what a VM's terminals need to know of it */
export type TerminalVm = Pick<VmState, "hostname" | "group" | "phase" | "actions">;

export function handleOf({ group, hostname }: VmName) {
  return client.vms.attach(group, hostname);
}

export function keptTerminal(vm: VmName, id: string): TerminalSource {
  const { terminals } = handleOf(vm);
  return {
    attach: (signal) => terminals.attach(id, { signal }),
    // A browser does not say why a WebSocket was refused: the list does.
    diagnose: async (_error, signal) => {
      try {
        const kept = await terminals.list({ signal });
        if (kept.some((it) => it.id === id))
          return { isGone: false, why: "The connection was lost." };
      } catch (error) {
        return diagnosisOf(error);
      }
      const why =
        "The guest does not have this terminal any more: it was closed elsewhere, or the guest or its agent was restarted.";
      return { isGone: true, why };
    },
  };
}

/** Whether closing it would end something; what cannot be found out is taken for running. */
export async function isRunning(vm: VmName, id: string): Promise<boolean> {
  try {
    const kept = await handleOf(vm).terminals.list();
    return kept.some((it) => it.id === id && !it.exited);
  } catch {
    return true;
  }
}

/** For guests whose agent is too old to keep terminals. */
export function passingShell(vm: VmName): TerminalSource {
  return {
    attach: async (signal) => {
      const session = await handleOf(vm).shell({ signal });
      return {
        events: () => shellEvents(session),
        write: (text) => session.write(text),
        resize: (size) => session.resize(size),
        close: () => void session.close(),
      } satisfies Attachment;
    },
    diagnose: async () => ({
      isGone: true,
      why: "The connection was lost, and the shell with it.",
    }),
  };
}

async function* shellEvents(shell: ShellSession): AsyncGenerator<AttachmentEvent> {
  yield { type: "live" };
  for await (const bytes of shell.output) yield { type: "output", bytes };
  await shell.ended; // rejects where it was the connection that ended
  yield { type: "exit", code: undefined };
}

function diagnosisOf(error: unknown): Diagnosis {
  if (error instanceof AlcoveApiError && error.status === 404) {
    return { isGone: true, why: "The VM is not there any more." };
  }
  if (error instanceof AlcoveApiError || error instanceof AlcoveConnectionError) {
    return { isGone: false, why: inWords(error).what };
  }
  return { isGone: false, why: "The connection was lost." };
}
