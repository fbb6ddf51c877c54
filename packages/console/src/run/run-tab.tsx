/** Runs commands in one VM. */

import { useState, useSyncExternalStore } from "react";

import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import type { VmState } from "../vm/vm-state.ts";
import { RunFormPart } from "./run-form.tsx";
import { RunHistory } from "./run-history.tsx";
import { RunOutput } from "./run-output.tsx";
import type { RunForm } from "./run-request.ts";
import "./run-tab.css";
import { RUNS } from "./runs.ts";

type RunVm = Pick<VmState, "hostname" | "group" | "actions" | "phase">;

export function RunTab({ vm }: { readonly vm: RunVm }) {
  const runs = RUNS.of(vm.group, vm.hostname);
  const all = useSyncExternalStore(runs.subscribe, () => runs.all);
  const [chosen, setChosen] = useState<number>();
  const shown = all.find(({ id }) => id === chosen) ?? all[0];
  const start = (form: RunForm): void => setChosen(runs.start(form));
  const canRun = vm.actions.includes("exec");
  if (!canRun && !shown)
    return (
      <EmptyState title="Nothing can be run in it now">
        The VM is {vm.phase}. Commands can be run when it runs and its agent answers.
      </EmptyState>
    );
  return (
    <div className="run-tab">
      {canRun && (
        <Card title="Run a command">
          <RunFormPart before={all.map(({ form }) => form)} onRun={start} />
        </Card>
      )}
      {shown && (
        <RunOutput
          key={shown.id}
          run={shown}
          onCancel={() => runs.cancel(shown.id)}
          onAgain={() => start(shown.form)}
        />
      )}
      {all.length > 1 && <RunHistory all={all} shown={shown?.id} onShow={setChosen} />}
    </div>
  );
}
