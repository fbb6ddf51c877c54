/** A template for VMs of a host group: as the group has them, or of another image and size. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { TemplateRequest } from "@alcove/sdk/browser/index.ts";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { Select, TextField } from "../ui/field.tsx";
import { bytes } from "../ui/figures.ts";
import { toast } from "../ui/toast.ts";

const MIB = 2 ** 20;

interface Asked {
  readonly group: string;
  readonly image: string;
  readonly vcpus: string;
  readonly memoryMiB: string;
}

const NOTHING: Asked = { group: "", image: "", vcpus: "", memoryMiB: "" };

function requestOf({ group, image, vcpus, memoryMiB }: Asked, first: string): TemplateRequest {
  return {
    group: group === "" ? first : group,
    ...(image === "" ? {} : { image }),
    ...(vcpus === "" ? {} : { vcpus: Number(vcpus) }),
    ...(memoryMiB === "" ? {} : { memoryBytes: Number(memoryMiB) * MIB }),
  };
}

export function BuildTemplateDialog({ onClose }: { readonly onClose: () => void }) {
  const [asked, setAsked] = useState(NOTHING);
  const groups = useQuery({
    queryKey: KEYS.groups,
    queryFn: ({ signal }) => client.host.groups({ signal }),
  });
  const first = groups.data?.[0]?.name ?? "";
  const queries = useQueryClient();
  const build = useMutation({
    mutationFn: () => client.templates.begin(requestOf(asked, first)),
    onSuccess: async (begun) => {
      if (!("state" in begun)) toast(`There is a template of ${begun.image} and this size already`);
      await queries.invalidateQueries({ queryKey: KEYS.templates });
      onClose();
    },
  });
  return (
    <Dialog
      title="Build a template"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={build.isPending} onClick={() => build.mutate()}>
            Build the template
          </Button>
        </>
      }
    >
      <Fields asked={asked} onChange={setAsked} groups={groups.data ?? []} />
      <p className="muted small">
        A VM is booted for it and frozen when its agent answers: some seconds, as long as a boot
        takes.
      </p>
      {build.error && <ErrorNote error={build.error} />}
      {groups.error && <ErrorNote error={groups.error} onRetry={() => void groups.refetch()} />}
    </Dialog>
  );
}

type Group = Awaited<ReturnType<typeof client.host.groups>>[number];

interface FieldsProps {
  readonly asked: Asked;
  readonly onChange: (asked: Asked) => void;
  readonly groups: readonly Group[];
}

function Fields({ asked, onChange, groups }: FieldsProps) {
  const group = groups.find(({ name }) => name === asked.group) ?? groups[0];
  const set = (change: Partial<Asked>) => onChange({ ...asked, ...change });
  return (
    <>
      <Select
        label="Host group"
        hint="Its network and the size of its disks are part of the template."
        value={group?.name ?? ""}
        onChange={({ target }) => set({ group: target.value })}
      >
        {groups.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
      <TextField
        label="Image"
        placeholder={group?.image ?? "the group's"}
        value={asked.image}
        onChange={({ target }) => set({ image: target.value })}
      />
      <div className="field-row">
        <TextField
          label="vCPUs"
          type="number"
          min={1}
          placeholder={group ? String(group.vcpus) : "the group's"}
          value={asked.vcpus}
          onChange={({ target }) => set({ vcpus: target.value })}
        />
        <TextField
          label="Memory, MiB"
          type="number"
          min={64}
          placeholder={group ? String(Math.round(group.memoryBytes / MIB)) : "the group's"}
          hint={group && `The group's VMs have ${bytes(group.memoryBytes)}.`}
          value={asked.memoryMiB}
          onChange={({ target }) => set({ memoryMiB: target.value })}
        />
      </div>
    </>
  );
}
