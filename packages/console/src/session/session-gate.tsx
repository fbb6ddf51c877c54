/** Who is not signed in sees the sign-in page in place of the console. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import type { HostSession } from "./host-session.ts";
import { SignInPage } from "./sign-in-page.tsx";

export function SessionGate({
  children,
}: {
  readonly children: (session: HostSession) => ReactNode;
}) {
  const session = useQuery({
    queryKey: KEYS.session,
    queryFn: ({ signal }) => client.session.get({ signal }),
  });
  if (session.isPending) return <PageLoading />;
  if (session.error)
    return <ErrorNote error={session.error} onRetry={() => void session.refetch()} />;
  if (session.data.signIn === "needed" && !session.data.signedIn) return <SignInPage />;
  return children(session.data);
}
