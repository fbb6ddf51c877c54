/** Signing in as the node's operator, and out again. */

import { useMutation } from "@tanstack/react-query";
import { LogIn, LogOut } from "lucide-react";
import { type FormEvent, useState } from "react";

import { AlcoveApiError } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { queries } from "../app/queries.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { CommandLine } from "../ui/command-line.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { TextField } from "../ui/field.tsx";
import type { NodeThatIsOn } from "./node-that-is-on.ts";
import "./operator-card.css";

export function OperatorCard({ node }: { readonly node: NodeThatIsOn }) {
  return node.operator ? <SignedIn /> : <SignIn node={node} />;
}

function SignIn({ node }: { readonly node: NodeThatIsOn }) {
  const [token, setToken] = useState("");
  const signIn = useMutation({
    mutationFn: () => client.aleph.signIn(token),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEYS.aleph }),
  });
  const isWrong = signIn.error instanceof AlcoveApiError && signIn.error.status === 401;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Card title="Operator">
      <form className="operator-card" onSubmit={submit}>
        <p>
          Executions belong to other people's wallets. To see whose they are and what they say, and
          to stop them, sign in with the node's own token besides. It is in a file on this host:
        </p>
        <CommandLine command={`sudo cat ${node.login_token}`} />
        <TextField
          label="Node's token"
          type="password"
          required
          value={token}
          onChange={({ target }) => setToken(target.value)}
          error={
            isWrong
              ? "That is not this node's token: each start of the daemon makes a new one."
              : undefined
          }
        />
        {signIn.error && !isWrong && <ErrorNote error={signIn.error} />}
        <div>
          <Button type="submit" icon={LogIn} busy={signIn.isPending}>
            Sign in as operator
          </Button>
        </div>
      </form>
    </Card>
  );
}

function SignedIn() {
  const signOut = useMutation({
    mutationFn: () => client.aleph.signOut(),
    onSuccess: async () => {
      for (const queryKey of [KEYS.alephConfig, KEYS.alephExecution()])
        queries.removeQueries({ queryKey });
      await queries.invalidateQueries({ queryKey: KEYS.aleph });
    },
  });
  return (
    <Card title="Operator">
      <div className="operator-card">
        <p>
          <Badge tone="accent">signed in</Badge>
        </p>
        <p>
          This browser may see and end what runs here, until it is closed or the daemon is started
          anew. At the node's own address, under the same host name, it is signed in, too.
        </p>
        {signOut.error && <ErrorNote error={signOut.error} />}
        <div>
          <Button icon={LogOut} busy={signOut.isPending} onClick={() => signOut.mutate()}>
            Sign out as operator
          </Button>
        </div>
      </div>
    </Card>
  );
}
