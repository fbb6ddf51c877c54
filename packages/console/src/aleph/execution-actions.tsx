/** What the node's operator may do with an execution now; each is asked once, saying what is lost. */

import { OctagonX, Play, RotateCw, Square } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";

import type { AlephAction, AlephExecutionDetails } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { queries } from "../app/queries.ts";
import { Button } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { toast } from "../ui/toast.ts";
import "./execution-actions.css";
import { actionWords } from "./execution-words.ts";

export function ExecutionActions({ details }: { readonly details: AlephExecutionDetails }) {
  const [asked, ask] = useState<AlephAction>();
  const [, go] = useLocation();
  const { hash, actions, owner } = details;
  const perform = async (action: AlephAction): Promise<void> => {
    const words = actionWords(action, details);
    await client.aleph.act(hash, action);
    toast(words.done);
    if (action === "erase") go("/aleph");
    else void queries.invalidateQueries({ queryKey: KEYS.alephExecution(hash) });
    await queries.invalidateQueries({ queryKey: KEYS.aleph });
  };
  return (
    <>
      {actions.map((action) => (
        <Button
          key={action}
          kind={action === "erase" ? "danger" : "plain"}
          icon={iconOf(action, details)}
          onClick={() => ask(action)}
        >
          {actionWords(action, details).label}
        </Button>
      ))}
      {asked && (
        <ConfirmDialog
          title={`${actionWords(asked, details).verb}?`}
          verb={actionWords(asked, details).verb}
          kind={asked === "reboot" ? "primary" : "danger"}
          onConfirm={() => perform(asked)}
          onClose={() => ask(undefined)}
        >
          <div className="execution-actions-words">
            <p>{actionWords(asked, details).meaning}</p>
            <p className="muted">It belongs to {owner}.</p>
          </div>
        </ConfirmDialog>
      )}
    </>
  );
}

function iconOf(action: AlephAction, { state }: AlephExecutionDetails) {
  if (action === "erase") return OctagonX;
  if (action === "stop") return Square;
  return state === "stopped" ? Play : RotateCw;
}
