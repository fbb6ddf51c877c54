/** Ends the session of this browser. */

import { LogOut } from "lucide-react";

import { client } from "../app/client.ts";
import { queries } from "../app/queries.ts";
import { IconButton } from "../ui/button.tsx";

export function SignOutButton() {
  return <IconButton icon={LogOut} label="Sign out" onClick={() => void leave()} />;
}

async function leave(): Promise<void> {
  await client.session.signOut();
  queries.clear();
  location.reload();
}
