/** Ends the session of this browser. */

import { useMutation } from "@tanstack/react-query";
import { LogOut } from "lucide-react";

import { IconButton } from "../ui/button.tsx";
import { inWords } from "../ui/error-words.ts";
import { toast } from "../ui/toast.ts";
import { signOut } from "./session-query.ts";

export function SignOutButton() {
  const { mutate, isPending } = useMutation({
    mutationFn: signOut,
    onError: (error) => toast(`You are still signed in: ${inWords(error).what}`),
  });
  return (
    <IconButton icon={LogOut} label="Sign out" disabled={isPending} onClick={() => mutate()} />
  );
}
