/** Who is not signed in sees the sign-in page in place of the console, at the same address: what was there comes back. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";

import { ErrorNote } from "../ui/error-note.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { noteCode } from "./code-in-address.ts";
import type { HostSession } from "./host-session.ts";
import { hearOtherTabs } from "./session-news.ts";
import { forgetTheRest, lookAgain, sessionQuery, watchRefusals } from "./session-query.ts";
import "./session-gate.css";
import { SignInPage } from "./sign-in-page.tsx";

noteCode(); // before anything is drawn or asked

export function SessionGate({
  children,
}: {
  readonly children: (session: HostSession) => ReactNode;
}) {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const [wasIn, setWasIn] = useState(false);
  useEffect(() => watchRefusals(), []);
  useEffect(() => hearOtherTabs(() => void lookAgain()), []);
  const isIn = session?.signedIn === true;
  if (isIn && !wasIn) setWasIn(true);
  useEffect(() => {
    if (!isIn && wasIn) forgetTheRest();
  }, [isIn, wasIn]);

  if (session && isIn) return children(session);
  if (session) return <SignInPage isBack={wasIn} />;
  if (!error) return <PageLoading />;
  return (
    <main className="session-gate-away">
      <ErrorNote error={error} onRetry={() => void refetch()} />
    </main>
  );
}
