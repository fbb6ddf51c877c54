/** The terminals that a guest has. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { AlcoveApiError, type CamelKeys, type Terminal } from "@alcove/sdk/browser/index.ts";

import { KEYS } from "../app/keys.ts";
import { handleOf, type VmName } from "./terminal-source.ts";

export type KeptTerminal = CamelKeys<Terminal>;

const NOT_THERE = new Set([404, 410]);
const TOO_OLD = 501;

/** @param canAsk whether the VM is in a state in which its guest can be asked */
export function useTerminals(vm: VmName, canAsk: boolean) {
  const queries = useQueryClient();
  const queryKey = KEYS.terminals(vm.hostname);
  const { terminals } = handleOf(vm);
  const list = useQuery({
    queryKey,
    queryFn: ({ signal }) => terminals.list({ signal }),
    enabled: canAsk,
    refetchOnMount: "always",
  });
  const change = (how: (kept: readonly KeptTerminal[]) => readonly KeptTerminal[]): void => {
    queries.setQueryData<readonly KeptTerminal[]>(queryKey, (kept = []) => how(kept));
  };
  const open = useMutation({
    mutationFn: () => terminals.open(),
    onSuccess: ({ id, createdAt }) => {
      const opened = { id, createdAt, command: "login shell", uid: 0, exited: false };
      change((kept) => [...kept, opened]);
    },
  });
  /** Ends what runs in it; that it is gone already is fine. */
  const end = async (id: string): Promise<void> => {
    try {
      await terminals.delete(id);
    } catch (error) {
      if (!(error instanceof AlcoveApiError && NOT_THERE.has(error.status))) throw error;
    }
    change((kept) => kept.filter((it) => it.id !== id));
  };
  return { list, open, end };
}

/** Whether the guest's agent is too old to keep terminals. */
export function isTooOld(error: Error | null): boolean {
  return error instanceof AlcoveApiError && error.status === TOO_OLD;
}
