/** The names of the columns, which sort by them, and the box that selects all. */

import { ArrowDown, ArrowUp } from "lucide-react";

import type { VmAccount } from "../live/vm-account.ts";
import type { Selection } from "./use-selection.ts";
import type { Sort, VmFilter } from "./vm-filter.ts";

export interface VmTableProps {
  readonly vms: readonly VmAccount[];
  readonly selection: Selection;
  readonly filter: VmFilter;
  readonly onSort: (change: Pick<VmFilter, "sort" | "order">) => void;
}

const COLUMNS: readonly (readonly [name: string, label: string, sort: Sort | undefined])[] = [
  ["name", "Name", "name"],
  ["group", "Group", "group"],
  ["phase", "Phase", "phase"],
  ["address", "Address", "address"],
  ["size", "Size", "size"],
  ["tags", "Tags", undefined],
  ["image", "Image", "image"],
  ["age", "Age", "age"],
];

export function VmTableHead({ vms, selection, filter, onSort }: VmTableProps) {
  const isAll = vms.length > 0 && selection.vms.length === vms.length;
  return (
    <div role="rowgroup" className="vm-table-head">
      <div role="row" aria-rowindex={1} className="vm-table-heads">
        <div role="columnheader" aria-colindex={1} className="vm-table-check">
          <input
            type="checkbox"
            aria-label="Select all that are shown"
            checked={isAll}
            ref={(box) => {
              if (box) box.indeterminate = !isAll && selection.vms.length > 0;
            }}
            onChange={() => selection.set(isAll ? [] : vms.map(({ id }) => id))}
          />
        </div>
        {COLUMNS.map(([name, label, sort], index) => (
          <div
            key={name}
            role="columnheader"
            aria-colindex={index + 2}
            className={`vm-table-${name}`}
            aria-sort={sort === filter.sort ? SAID[filter.order] : undefined}
          >
            {sort === undefined ? label : <SortButton {...{ label, sort, filter, onSort }} />}
          </div>
        ))}
      </div>
    </div>
  );
}

const SAID = { up: "ascending", down: "descending" } as const;

interface SortButtonProps extends Pick<VmTableProps, "filter" | "onSort"> {
  readonly label: string;
  readonly sort: Sort;
}

function SortButton({ label, sort, filter, onSort }: SortButtonProps) {
  const isBy = filter.sort === sort;
  const order = isBy && filter.order === "up" ? "down" : "up";
  const Icon = filter.order === "up" ? ArrowUp : ArrowDown;
  return (
    <button type="button" className="vm-table-sort" onClick={() => onSort({ sort, order })}>
      {label}
      {isBy && <Icon size={13} aria-hidden />}
    </button>
  );
}
