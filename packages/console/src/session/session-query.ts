/**
 * The session as this page knows it. It is asked for now and then, which renews it while the page is open, when
 * somebody comes back to the page, and whenever an answer of the daemon says that there is none any more.
 */

import { queryOptions } from "@tanstack/react-query";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { forgetVms } from "../app/per-vm.ts";
import { queries } from "../app/queries.ts";
import type { HostSession } from "./host-session.ts";
import { nextLookMs } from "./next-look.ts";
import { tellOtherTabs } from "./session-news.ts";

/** while the daemon does not answer */
const AGAIN_MS = 3_000;
/** a page that somebody comes back to asks again when it has not asked for so long */
const STALE_MS = 30_000;

export const sessionQuery = queryOptions({
  queryKey: KEYS.session,
  queryFn: ({ signal }) => client.session.get({ signal }),
  staleTime: STALE_MS,
  refetchOnWindowFocus: true,
  refetchIntervalInBackground: true,
  refetchInterval: ({ state }) =>
    state.error || !state.data ? AGAIN_MS : nextLookMs(state.data, Date.now()),
});

/** @throws AlcoveApiError `unauthenticated` for a wrong token or code */
export async function signIn(key: { token: string } | { code: string }): Promise<void> {
  const session = await client.session.signIn(key);
  queries.setQueryData<HostSession>(KEYS.session, session);
  tellOtherTabs();
}

export async function signOut(): Promise<void> {
  await client.session.signOut();
  tellOtherTabs();
  await lookAgain();
}

/** Asks the daemon now. */
export async function lookAgain(): Promise<void> {
  await queries.invalidateQueries({ queryKey: KEYS.session });
}

/** What was fetched for somebody who is gone is nobody else's. */
export function forgetTheRest(): void {
  forgetVms();
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEYS.session[0] });
}

/** Looks again after every answer that says that nobody is signed in. @returns ends it */
export function watchRefusals(): () => void {
  const ends = [
    queries.getQueryCache().subscribe((event) => {
      if (event.type === "updated" && event.action.type === "error") look(event.action.error);
    }),
    queries.getMutationCache().subscribe((event) => {
      if (event.type === "updated" && event.action.type === "error") look(event.action.error);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function look(error: unknown): void {
  if (error instanceof AlcoveApiError && error.code === "unauthenticated") void lookAgain();
}
