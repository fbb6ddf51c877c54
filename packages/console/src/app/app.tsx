/** The whole page: session first, then the frame with one page in it. */

import { QueryClientProvider } from "@tanstack/react-query";
import { Router } from "wouter";

import { SessionGate } from "../session/session-gate.tsx";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { Toasts } from "../ui/toasts.tsx";
import { queries } from "./queries.ts";
import { Shell } from "./shell.tsx";

export const BASE = "/ui";

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Router base={BASE}>
        <ErrorBoundary>
          <SessionGate>{(session) => <Shell session={session} />}</SessionGate>
        </ErrorBoundary>
        <Toasts />
      </Router>
    </QueryClientProvider>
  );
}
