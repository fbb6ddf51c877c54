/** Narrows the list of VMs: by text, group, phase and tag. `/` goes to the text. */

import { Search, X } from "lucide-react";
import { type RefObject, useEffect, useMemo, useRef } from "react";

import { isLetterKey } from "../app/letter-keys.ts";
import type { VmAccount } from "../live/vm-account.ts";
import { Button } from "../ui/button.tsx";
import { count } from "../ui/figures.ts";
import { visible } from "../ui/visible.ts";
import "./filter-bar.css";
import { isNarrow, NO_FILTER, SORTS, valuesOf, type VmFilter } from "./vm-filter.ts";

export interface FilterBarProps {
  readonly vms: readonly VmAccount[];
  readonly shown: number;
  readonly filter: VmFilter;
  readonly onChange: (change: Partial<VmFilter>) => void;
}

export function FilterBar({ vms, shown, filter, onChange }: FilterBarProps) {
  const groups = useMemo(() => valuesOf(vms, ({ group }) => [group]), [vms]);
  const phases = useMemo(() => valuesOf(vms, ({ phase }) => [phase]), [vms]);
  const tags = useMemo(() => valuesOf(vms, (vm) => vm.tags), [vms]);
  const { text, group, phase, tag } = filter;
  const { sort, order } = filter;
  return (
    <div className="filter-bar" role="search" aria-label="VMs">
      <TextFilter text={text} onChange={(to) => onChange({ text: to })} />
      <Choice
        name="Group"
        any="All groups"
        value={group}
        values={groups}
        onChange={(to) => onChange({ group: to })}
      />
      <Choice
        name="Phase"
        any="All phases"
        value={phase}
        values={phases}
        onChange={(to) => onChange({ phase: to })}
      />
      <Choice
        name="Tag"
        any="All tags"
        value={tag}
        values={tags}
        onChange={(to) => onChange({ tag: to })}
      />
      <SortChoice filter={filter} onChange={onChange} />
      {isNarrow(filter) && (
        <Button kind="quiet" icon={X} onClick={() => onChange({ ...NO_FILTER, sort, order })}>
          Clear
        </Button>
      )}
      <p className="filter-bar-count muted number" role="status">
        {shown === vms.length ? count(shown, "VM") : `${shown} of ${count(vms.length, "VM")}`}
      </p>
    </div>
  );
}

interface TextFilterProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function TextFilter({ text, onChange }: TextFilterProps) {
  const input = useRef<HTMLInputElement>(null);
  useSlash(input);
  return (
    <div className="filter-bar-text">
      <Search size={15} aria-hidden />
      <input
        ref={input}
        type="search"
        className="field-input"
        aria-label="Filter by name, address, image or tag"
        placeholder="Filter"
        value={text}
        onChange={({ target }) => onChange(target.value)}
      />
      <kbd aria-hidden>/</kbd>
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly any: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly onChange: (value: string) => void;
}

/** Only where there is something to choose; what was chosen stays there although nothing has it any more. */
function Choice({ name, any, value, values, onChange }: ChoiceProps) {
  const offered = value === "" || values.includes(value) ? values : [value, ...values];
  if (offered.length < 2 && value === "") return null;
  return (
    <select
      className="field-input filter-bar-choice"
      aria-label={name}
      value={value}
      onChange={({ target }) => onChange(target.value)}
    >
      <option value="">{any}</option>
      {offered.map((one) => (
        <option key={one} value={one}>
          {visible(one)}
        </option>
      ))}
    </select>
  );
}

/** Where there is no room for columns, and so for most of their heads. */
function SortChoice({ filter, onChange }: Pick<FilterBarProps, "filter" | "onChange">) {
  const offered = SORTS.flatMap((sort) => [
    { value: `${sort} up`, label: `By ${sort}`, change: { sort, order: "up" as const } },
    {
      value: `${sort} down`,
      label: `By ${sort}, reversed`,
      change: { sort, order: "down" as const },
    },
  ]);
  return (
    <select
      className="field-input filter-bar-choice filter-bar-sort"
      aria-label="Order"
      value={`${filter.sort} ${filter.order}`}
      onChange={({ target }) =>
        onChange(offered.find(({ value }) => value === target.value)?.change ?? {})
      }
    >
      {offered.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

function useSlash(input: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "/" || !isLetterKey(event)) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [input]);
}
