/** The frame around every page: navigation, connection state, theme, sign-out. */

import { Suspense } from "react";
import { Link, Route, Switch, useLocation } from "wouter";

import { LiveState } from "../live/live-state.tsx";
import { useLive } from "../live/use-live.ts";
import type { HostSession } from "../session/host-session.ts";
import { SignOutButton } from "../session/sign-out-button.tsx";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { PageLoading } from "../ui/page-loading.tsx";
import { Page } from "../ui/page.tsx";
import { useCurrentInView } from "../ui/use-current-in-view.ts";
import { CommandPalette } from "./command-palette.tsx";
import { NAVIGATION, PAGES } from "./pages.tsx";
import "./shell.css";
import { ThemeSwitch } from "./theme-switch.tsx";
import { ShortcutsButton } from "./shortcuts-dialog.tsx";
import { useShortcuts } from "./use-shortcuts.ts";

export function Shell({ session }: { readonly session: HostSession }) {
  useLive();
  useShortcuts();
  return (
    <div className="shell">
      <a className="shell-skip" href="#page">
        Skip to the page
      </a>
      <header className="shell-side">
        <Link href="/" className="shell-brand" aria-label="Alcove, overview">
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width="24" height="24" />
          <span>Alcove</span>
        </Link>
        <CommandPalette />
        <Navigation />
        <div className="shell-foot">
          <LiveState />
          <div className="shell-foot-buttons">
            <ThemeSwitch />
            <ShortcutsButton />
            {session.signIn === "needed" && <SignOutButton />}
          </div>
        </div>
      </header>
      <main id="page" className="shell-page" tabIndex={-1}>
        <ErrorBoundary>
          <Suspense fallback={<PageLoading />}>
            <Pages />
          </Suspense>
        </ErrorBoundary>
      </main>
    </div>
  );
}

function Navigation() {
  const [location] = useLocation();
  const nav = useCurrentInView(location);
  return (
    <nav ref={nav} className="shell-nav" aria-label="Pages">
      {NAVIGATION.map(({ to, label, icon: Icon }) => {
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

function Pages() {
  return (
    <Switch>
      {PAGES.map(({ path, component: Component }) => (
        <Route key={path} path={path}>
          {(params) => <Component params={params} />}
        </Route>
      ))}
      <Route>
        <Page title="There is no such page">
          <p>The address may be mistyped, or what it named is gone.</p>
          <p>
            <Link href="/">To the overview</Link>
          </p>
        </Page>
      </Route>
    </Switch>
  );
}
