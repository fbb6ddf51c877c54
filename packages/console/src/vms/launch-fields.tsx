/** The fields of the launch dialog: what most VMs need at once, the rest behind one click. */

import { useQuery } from "@tanstack/react-query";

import { client } from "../app/client.ts";
import { KEYS } from "../app/keys.ts";
import { Check, Select, TextArea, TextField } from "../ui/field.tsx";
import { bytes, count } from "../ui/figures.ts";
import type { HostGroup } from "./launch-form.ts";
import { LaunchMore } from "./launch-more.tsx";
import type { LaunchFieldsProps } from "./launch-props.ts";
import type { LaunchProblems } from "./launch-problems.ts";

const MIB = 2 ** 20;

export function LaunchFields(props: LaunchFieldsProps) {
  const { groups, group, onGroup, form, onChange, problems } = props;
  return (
    <>
      <div className="field-row">
        <Select
          label="Host group"
          value={group.name}
          onChange={({ target }) => onGroup(target.value)}
          hint={hintOf(group)}
        >
          {groups.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </Select>
        <ImageField {...props} />
      </div>
      <Size {...props} />
      <Check
        label="Keep its disk when it stops"
        hint="Without this it is a sandbox: gone, disk and all, as soon as it has shut down."
        checked={form.persistent}
        onChange={({ target }) => onChange({ persistent: target.checked })}
      />
      <TextField
        label="Tags"
        value={form.tags}
        onChange={({ target }) => onChange({ tags: target.value })}
        error={problems.get("tags")}
        placeholder="name=shop web"
        hint="Separated by spaces; name=… gives it a friendly name."
      />
      <Rest {...props} />
    </>
  );
}

function Rest(props: LaunchFieldsProps) {
  const { form, onChange, problems } = props;
  return (
    <details className="launch-dialog-more" open={needsMore(problems) || undefined}>
      <summary>First boot, secrets, keys and network</summary>
      <div className="launch-dialog-rest">
        <TextArea
          label="First-boot script"
          value={form.userdata}
          onChange={({ target }) => onChange({ userdata: target.value })}
          error={problems.get("userdata")}
          placeholder={"#!/bin/sh\napt-get install -y nginx"}
          hint="Runs once, as root. Without one, the group's, if it has one."
        />
        <LaunchMore {...props} />
      </div>
    </details>
  );
}

function needsMore(problems: LaunchProblems["byField"]): boolean {
  return (["userdata", "secrets", "sshKeys", "network"] as const).some((it) => problems.has(it));
}

function hintOf({ network, pool, limits }: HostGroup): string {
  const net = network === "none" ? "no network" : `${network} network`;
  const ahead = pool > 0 ? `; ${count(pool, "machine")} made ahead` : "";
  return `${net}${ahead}; room for ${count(limits.free.vms, "more VM", "more VMs")}`;
}

/** Also by id, which no list of names has. */
function ImageField({ group, form, onChange, problems }: LaunchFieldsProps) {
  const images = useQuery({
    queryKey: KEYS.images,
    queryFn: ({ signal }) => client.images.list({ signal }),
  });
  const names = images.data?.images.filter(({ kind, named }) => kind === "image" && named) ?? [];
  return (
    <Select
      label="Image"
      value={form.image}
      onChange={({ target }) => onChange({ image: target.value })}
      error={problems.get("image")}
      hint="What its disk begins with."
    >
      <option value="">{`${group.image} (the group's)`}</option>
      {names
        .filter(({ name }) => name !== group.image)
        .map(({ id, name }) => (
          <option key={id} value={name}>
            {name}
          </option>
        ))}
    </Select>
  );
}

function Size({ group, form, onChange, problems }: LaunchFieldsProps) {
  const { limits } = group;
  const { free } = limits;
  const most = limits.memoryBytes / MIB;
  const least = limits.memoryMinBytes / MIB;
  const wanted = form.memoryMib === "" ? group.memoryBytes : Number(form.memoryMib) * MIB;
  const isFull = wanted > free.memoryBytes;
  return (
    <div className="field-row">
      <TextField
        label="vCPUs"
        type="number"
        inputMode="numeric"
        min={1}
        max={limits.vcpus}
        placeholder={String(group.vcpus)}
        value={form.cpus}
        onChange={({ target }) => onChange({ cpus: target.value })}
        error={problems.get("cpus")}
        hint={`1 to ${limits.vcpus}; ${group.vcpus} unless you say otherwise`}
      />
      <TextField
        label="Memory in MiB"
        type="number"
        inputMode="numeric"
        min={least}
        max={most}
        step={64}
        placeholder={String(group.memoryBytes / MIB)}
        value={form.memoryMib}
        onChange={({ target }) => onChange({ memoryMib: target.value })}
        error={
          problems.get("memory") ??
          (isFull ? `The host has ${bytes(free.memoryBytes)} left to promise.` : undefined)
        }
        hint={`${least} to ${most}; ${bytes(free.memoryBytes)} of the host are free`}
      />
    </div>
  );
}
