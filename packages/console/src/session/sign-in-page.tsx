/** Asks for the API token, or signs in with the code that the address carried. */

import { useMutation } from "@tanstack/react-query";
import { LogIn } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import { ThemeSwitch } from "../app/theme-switch.tsx";
import { Button } from "../ui/button.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextField } from "../ui/field.tsx";
import { noteCode, takeCode } from "./code-in-address.ts";
import { signIn } from "./session-query.ts";
import "./sign-in-page.css";

export interface SignInPageProps {
  /** whether there was a session a moment ago */
  readonly isBack: boolean;
}

export function SignInPage({ isBack }: SignInPageProps) {
  const byCode = useMutation({ mutationFn: (code: string) => signIn({ code }) });
  const { mutate } = byCode;
  useEffect(() => {
    document.title = "Sign in · Alcove";
    const useCode = (): void => {
      const code = takeCode();
      if (code !== undefined) mutate(code);
    };
    // An address that is pasted into this tab loads nothing: only what is after its # changes.
    const onChange = (): void => {
      if (noteCode()) useCode();
    };
    useCode();
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, [mutate]);

  return (
    <main className="sign-in-page">
      <div className="sign-in-page-panel">
        <header className="sign-in-page-head">
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width="32" height="32" />
          <div>
            <h1>Sign in to Alcove</h1>
            <p className="muted">{location.host}</p>
          </div>
          <ThemeSwitch />
        </header>
        {isBack && (
          <p role="status">
            You are signed out, or the session has ended. Sign in to go on where you were.
          </p>
        )}
        {byCode.error && <ErrorNote error={byCode.error} />}
        <TokenForm isWaiting={byCode.isPending} />
        <WhereTheTokenIs />
      </div>
    </main>
  );
}

function WhereTheTokenIs() {
  return (
    <section className="sign-in-page-where" aria-label="Where the token is">
      <p className="small">
        On the host, this prints an address that signs you in; in a checkout of Alcove it is{" "}
        <code>bin/alcove</code>:
      </p>
      <CommandLine command="alcove ui" />
      <p className="small muted">
        The token itself is in the file <code>auth/token</code> of the daemon&apos;s state
        directory.
      </p>
    </section>
  );
}

/** @param isWaiting whether somebody is being signed in otherwise */
function TokenForm({ isWaiting }: { readonly isWaiting: boolean }) {
  const [token, setToken] = useState("");
  const [isMissing, setMissing] = useState(false);
  const { mutate, error, isPending, reset } = useMutation({
    mutationFn: (given: string) => signIn({ token: given }),
  });
  const send = (event: FormEvent): void => {
    event.preventDefault();
    const given = token.trim();
    setMissing(given === "");
    if (given !== "") mutate(given);
  };
  const isWrong = error instanceof AlcoveApiError && error.code === "unauthenticated";
  const words = isMissing ? "Paste the token first." : undefined;
  return (
    <form className="sign-in-page-form" onSubmit={send} noValidate>
      <TextField
        label="API token"
        name="alcove-token"
        // No password of somebody's: managers are not to keep it, so it is a text that is not shown.
        type="text"
        className="field-input sign-in-page-token"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
        data-1p-ignore="true"
        data-bwignore="true"
        data-lpignore="true"
        autoFocus
        value={token}
        error={isWrong ? "That is not this daemon's token." : words}
        onChange={({ target }) => {
          setToken(target.value);
          setMissing(false);
          if (error) reset();
        }}
      />
      {error && !isWrong && <ErrorNote error={error} />}
      <Button type="submit" kind="primary" icon={LogIn} busy={isPending || isWaiting}>
        {isWaiting ? "Signing in" : "Sign in"}
      </Button>
    </form>
  );
}
