/**
 * What is known of the host, kept while the page is open. Lists are fetched once and kept current by the event
 * stream (`src/live/`), so nothing here goes stale by the clock.
 */

import { QueryClient } from "@tanstack/react-query";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

const RETRIES = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < RETRIES && !isRefusal(error),
    },
    mutations: { retry: false },
  },
});

/** An answer that will be the same the next time. */
function isRefusal(error: Error): boolean {
  return error instanceof AlcoveApiError && error.status < 500;
}
