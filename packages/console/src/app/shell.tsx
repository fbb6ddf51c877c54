/** The frame around every page: navigation, connection state, theme, sign-out. */

import { Suspense } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";

import { LiveState } from "../live/live-state.tsx";
import { useLive } from "../live/use-live.ts";
import type { HostSession } from "../session/host-session.ts";
import { SignOutButton } from "../session/sign-out-button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { NAVIGATION, PAGES } from "./pages.tsx";
import "./shell.css";
import { ThemeSwitch } from "./theme-switch.tsx";
import { useShortcuts } from "./use-shortcuts.ts";

export function Shell({ session }: { readonly session: HostSession }) {
  const isHost = session.role === "host";
  useLive(isHost);
  useShortcuts(isHost);
  return (
    <div className="shell">
      <a className="shell-skip" href="#page">
        Skip to the page
      </a>
      <header className="shell-side">
        <Link href={isHost ? "/" : "/aleph"} className="shell-brand" aria-label="Alcove, overview">
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width="24" height="24" />
          <span>Alcove</span>
        </Link>
        {isHost && <CommandPalette />}
        <Navigation isHost={isHost} />
        <div className="shell-foot">
          {isHost && <LiveState />}
          <div className="shell-foot-buttons">
            <ThemeSwitch />
            {session.signIn === "needed" && <SignOutButton />}
          </div>
        </div>
      </header>
      <main id="page" className="shell-page" tabIndex={-1}>
        <ErrorBoundary>
          <Suspense fallback={<PageLoading />}>
            <Pages isHost={isHost} />
          </Suspense>
        </ErrorBoundary>
      </main>
    </div>
  );
}

/** An operator of the Aleph node sees its pages alone. */
function Navigation({ isHost }: { readonly isHost: boolean }) {
  const [location] = useLocation();
  const shown = NAVIGATION.filter(({ to }) => isHost || to === "/aleph");
  return (
    <nav className="shell-nav" aria-label="Pages">
      {shown.map(({ to, label, icon: Icon }) => {
        const isHere = to === "/" ? location === "/" : location.startsWith(to);
        return (
          <Link
            key={to}
            href={to}
            className="shell-link"
            aria-current={isHere ? "page" : undefined}
          >
            <Icon size={17} aria-hidden />
            <span>{label}</span>
          </Link>
        );
      })}
    </nav>
  );
}

function Pages({ isHost }: { readonly isHost: boolean }) {
  const shown = PAGES.filter(({ path }) => isHost || path.startsWith("/aleph"));
  return (
    <Switch>
      {shown.map(({ path, component: Component }) => (
        <Route key={path} path={path}>
          {(params) => <Component params={params} />}
        </Route>
      ))}
      <Route>
        {isHost ? (
          <EmptyState title="There is no such page" action={<Link href="/">To the overview</Link>}>
            The address may be mistyped, or what it named is gone.
          </EmptyState>
        ) : (
          <Redirect to="/aleph" />
        )}
      </Route>
    </Switch>
  );
}
