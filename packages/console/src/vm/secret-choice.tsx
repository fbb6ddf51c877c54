/** Which secrets children of a VM are to see. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Check } from "../ui/field.tsx";
import type { VmState } from "./vm-state.ts";

interface SecretChoiceProps {
  readonly vm: VmState;
  readonly chosen: readonly string[] | undefined;
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Begins with what the source sees. */
export function SecretChoice({ vm, chosen = vm.secrets, onChange }: SecretChoiceProps) {
  const secrets = useQuery({
    queryKey: KEYS.secrets,
    queryFn: ({ signal }) => client.secrets.list({ signal }),
  });
  const names = secrets.data?.map(({ name }) => name) ?? vm.secrets;
  if (names.length === 0) return null;
  const toggle = (name: string, isOn: boolean) =>
    onChange(isOn ? [...chosen, name] : chosen.filter((it) => it !== name));
  return (
    <fieldset className="fork-dialog-secrets">
      <legend>Secrets that they see</legend>
      {names.map((name) => (
        <Check
          key={name}
          label={name}
          checked={chosen.includes(name)}
          onChange={({ target }) => toggle(name, target.checked)}
        />
      ))}
    </fieldset>
  );
}
