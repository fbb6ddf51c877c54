/** The fields of the launch dialog that few launches need. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Check, TextArea } from "../ui/field.tsx";
import type { LaunchFieldsProps } from "./launch-props.ts";

export function LaunchMore(props: LaunchFieldsProps) {
  const { group, form, onChange, problems } = props;
  return (
    <>
      <SecretChoice {...props} />
      <TextArea
        label="SSH keys"
        value={form.sshKeys}
        onChange={({ target }) => onChange({ sshKeys: target.value })}
        error={problems.get("sshKeys")}
        placeholder="ssh-ed25519 AAAA… you@example"
        hint={`Public keys, one a line, beside those of the group (${group.sshKeys}).`}
      />
      {group.network === "isolated" && <NetworkLists {...props} />}
    </>
  );
}

function SecretChoice({ form, onChange, problems }: LaunchFieldsProps) {
  const secrets = useQuery({
    queryKey: KEYS.secrets,
    queryFn: ({ signal }) => client.secrets.list({ signal }),
  });
  const names = secrets.data?.map(({ name }) => name) ?? [];
  const { secrets: chosen } = form;
  const toggle = (name: string, isOn: boolean): void => {
    const before = chosen === "all" ? names : chosen;
    onChange({ secrets: isOn ? [...before, name] : before.filter((it) => it !== name) });
  };
  const error = problems.get("secrets");
  if (names.length === 0 && error === undefined) return null;
  return (
    <fieldset className="launch-dialog-secrets">
      <legend>Secrets that it sees</legend>
      <Check
        label="All, also those that are made later"
        checked={chosen === "all"}
        onChange={({ target }) => onChange({ secrets: target.checked ? "all" : [] })}
      />
      {names.map((name) => (
        <Check
          key={name}
          label={name}
          checked={chosen === "all" || chosen.includes(name)}
          onChange={({ target }) => toggle(name, target.checked)}
        />
      ))}
      {error !== undefined && <p className="field-error">{error}</p>}
    </fieldset>
  );
}

/** An empty list is a list: nothing in it is not the same as the group's. */
function NetworkLists({ form, onChange, problems }: LaunchFieldsProps) {
  const isOwn = form.allow !== undefined || form.drop !== undefined;
  const own = (checked: boolean): void =>
    onChange(checked ? { allow: "", drop: "" } : { allow: undefined, drop: undefined });
  return (
    <>
      <Check
        label="Lists of its own for what it may reach"
        hint="In place of its group's. Only Drop: the rest is allowed. Only Allow: the rest is refused. Both: Allow makes exceptions."
        checked={isOwn}
        onChange={({ target }) => own(target.checked)}
      />
      {isOwn && (
        <div className="field-row">
          <TextArea
            label="Allow"
            value={form.allow ?? ""}
            onChange={({ target }) => onChange({ allow: target.value })}
            error={problems.get("network")}
            placeholder="10.0.0.0/8 1.1.1.1:53"
          />
          <TextArea
            label="Drop"
            value={form.drop ?? ""}
            onChange={({ target }) => onChange({ drop: target.value })}
            placeholder="0.0.0.0/0"
          />
        </div>
      )}
    </>
  );
}
