/**
 * The list of VMs: only what can be seen is in the document. One stop for the Tab key; arrows move in it, Enter opens,
 * Space selects.
 */

import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useLocation } from "wouter";

import { vmAddress } from "../app/vm-address.ts";
import type { VmAccount } from "../live/vm-account.ts";
import { useRowLook } from "./row-height.ts";
import { moved } from "./row-keys.ts";
import { type Rows, useRows } from "./use-rows.ts";
import type { Selection } from "./use-selection.ts";
import { VmRow } from "./vm-row.tsx";
import { VmTableHead, type VmTableProps } from "./vm-table-head.tsx";
import "./vm-table.css";

export function VmTable(props: VmTableProps) {
  const { vms, selection } = props;
  const frame = useRef<HTMLDivElement>(null);
  const { height, headHeight } = useRowLook();
  const [active, setActive] = useState(0);
  const rows = useRows(frame, { count: vms.length, height, headHeight });
  const at = Math.min(active, vms.length - 1);
  const prefix = useId();
  const onKey = useKeys({ vms, selection, rows, at, setActive });
  const isThere = at >= rows.first && at < rows.end;
  return (
    <div
      ref={frame}
      role="grid"
      aria-label="VMs"
      aria-rowcount={vms.length + 1}
      aria-colcount={9}
      aria-multiselectable
      aria-activedescendant={isThere ? `${prefix}${at}` : undefined}
      tabIndex={0}
      className="vm-table"
      onKeyDown={onKey}
      onClick={({ target }) => setActive(indexOf(target, prefix) ?? at)}
    >
      <VmTableHead {...props} />
      <div role="rowgroup" className="vm-table-body" style={{ height: `${vms.length * height}px` }}>
        {vms.slice(rows.first, rows.end).map((vm, offset) => {
          const index = rows.first + offset;
          return (
            <VmRow
              key={vm.id}
              vm={vm}
              id={`${prefix}${index}`}
              index={index}
              top={index * height}
              isSelected={selection.has(vm.id)}
              isActive={index === at}
              onToggle={selection.toggle}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Which row something is in. */
function indexOf(target: EventTarget, prefix: string): number | undefined {
  const row = target instanceof Element ? target.closest("[role=row][id]") : null;
  return row ? Number(row.id.slice(prefix.length)) : undefined;
}

interface Keys {
  readonly vms: readonly VmAccount[];
  readonly selection: Selection;
  readonly rows: Rows;
  readonly at: number;
  readonly setActive: (index: number) => void;
}

function useKeys({ vms, selection, rows, at, setActive }: Keys) {
  const [, navigate] = useLocation();
  return (event: KeyboardEvent<HTMLDivElement>): void => {
    const vm = vms[at];
    // Links, buttons and boxes in it know what to do.
    if (!vm || event.altKey || (event.target !== event.currentTarget && event.key !== "Escape"))
      return;
    const { key } = event;
    const to = moved(key, at, { count: vms.length, page: rows.page });
    if (to !== undefined) {
      setActive(to);
      rows.show(to);
    } else if (key === "Enter") navigate(vmAddress(vm.hostname));
    else if (key === " ") selection.toggle(vm.id);
    else if (key === "Escape") selection.set([]);
    else if (key === "a" && (event.ctrlKey || event.metaKey))
      selection.set(vms.map(({ id }) => id));
    else return;
    event.preventDefault();
  };
}
