/** What is to be run, as whom and where. */

import { Play } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";

import { Button } from "../ui/button.tsx";
import { Select, TextArea, TextField } from "../ui/field.tsx";
import { EMPTY_FORM, errorsOf, type FormErrors, type RunForm } from "./run-request.ts";

export interface RunFormProps {
  /** commands that were run, newest first: arrow up brings them back */
  readonly before: readonly RunForm[];
  readonly onRun: (form: RunForm) => void;
}

type Change = (change: Partial<RunForm>) => void;

export function RunFormPart({ before, onRun }: RunFormProps) {
  const [form, setForm] = useState(EMPTY_FORM);
  const [errors, setErrors] = useState<FormErrors>({});
  const [back, setBack] = useState(-1);
  const change: Change = (part) => setForm({ ...form, ...part });
  const run = (event?: FormEvent): void => {
    event?.preventDefault();
    const wrong = errorsOf(form);
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return;
    setBack(-1);
    onRun(form);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return run();
    const by = form.how === "shell" ? { ArrowUp: 1, ArrowDown: -1 }[event.key] : undefined;
    const earlier = by === undefined ? undefined : before[back + by];
    if (by === undefined || !earlier) return;
    event.preventDefault();
    setBack(back + by);
    setForm(earlier);
  };
  return (
    <form className="run-form" onSubmit={run}>
      <Command form={form} change={change} errors={errors} onKey={onKey} />
      <details>
        <summary>Directory, user, environment, input</summary>
        <Surroundings form={form} change={change} errors={errors} />
      </details>
      <div className="run-form-buttons">
        <Button kind="primary" icon={Play} type="submit">
          Run
        </Button>
      </div>
    </form>
  );
}

interface PartProps {
  readonly form: RunForm;
  readonly change: Change;
  readonly errors: FormErrors;
}

function Command(props: PartProps & { readonly onKey: (event: KeyboardEvent) => void }) {
  const { form, change, errors, onKey } = props;
  return (
    <div className="run-form-command">
      <Select
        label="How"
        value={form.how}
        onChange={({ target }) => change({ how: target.value === "argv" ? "argv" : "shell" })}
      >
        <option value="shell">A line for the shell</option>
        <option value="argv">A program and arguments</option>
      </Select>
      {form.how === "shell" ? (
        <TextField
          label="Command"
          error={errors.command}
          placeholder="uname -a && df -h"
          spellCheck={false}
          value={form.command}
          onChange={({ target }) => change({ command: target.value })}
          onKeyDown={onKey}
        />
      ) : (
        <TextArea
          label="Program and arguments, one a line"
          hint="Nothing is interpreted. Ctrl+Enter runs it."
          error={errors.command}
          value={form.command}
          onChange={({ target }) => change({ command: target.value })}
          onKeyDown={onKey}
        />
      )}
    </div>
  );
}

function Surroundings({ form, change, errors }: PartProps) {
  return (
    <div className="run-form-more">
      <div className="field-row">
        <TextField
          label="Directory"
          placeholder="the user's home"
          spellCheck={false}
          value={form.cwd}
          onChange={({ target }) => change({ cwd: target.value })}
        />
        <TextField
          label="User id"
          placeholder="0 (root)"
          inputMode="numeric"
          error={errors.uid}
          value={form.uid}
          onChange={({ target }) => change({ uid: target.value })}
        />
      </div>
      <div className="field-row">
        <TextArea
          label="Environment"
          placeholder="NAME=value"
          error={errors.env}
          value={form.env}
          onChange={({ target }) => change({ env: target.value })}
        />
        <TextArea
          label="Input"
          placeholder="what it reads; nothing by default"
          value={form.stdin}
          onChange={({ target }) => change({ stdin: target.value })}
        />
      </div>
    </div>
  );
}
