/** One VM in the list: columns, or two lines where there is no room for them. */

import { memo } from "react";
import { Link } from "wouter";

import { vmAddress } from "../app/vm-address.ts";
import type { VmAccount } from "../live/vm-account.ts";
import { bytes } from "../ui/figures.ts";
import { PhaseBadge } from "../ui/phase-badge.tsx";
import { RelativeTime } from "../ui/relative-time.tsx";
import { visible } from "../ui/visible.ts";

export interface VmRowProps {
  readonly vm: VmAccount;
  readonly id: string;
  /** among all that are shown, from 0 */
  readonly index: number;
  /** from the top of the list, in px */
  readonly top: number;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  readonly onToggle: (id: string) => void;
}

export const VmRow = memo(function VmRow(props: VmRowProps) {
  const { vm, id, index, top, isSelected, isActive, onToggle } = props;
  const { hostname } = vm;
  return (
    <div
      role="row"
      id={id}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className={isActive ? "vm-table-row vm-table-active" : "vm-table-row"}
      style={{ transform: `translateY(${top}px)` }}
    >
      <div role="gridcell" aria-colindex={1} className="vm-table-check">
        <input
          type="checkbox"
          aria-label={`Select ${hostname}`}
          checked={isSelected}
          onChange={() => onToggle(vm.id)}
          tabIndex={-1}
        />
      </div>
      <div role="rowheader" aria-colindex={2} className="vm-table-name">
        <Link href={vmAddress(hostname)} tabIndex={-1}>
          {hostname}
        </Link>
        {vm.friendlyName !== undefined && <span className="muted truncate">{vm.friendlyName}</span>}
      </div>
      <Cells vm={vm} />
    </div>
  );
});

function Cells({ vm }: Pick<VmRowProps, "vm">) {
  const { friendlyName, group, ip, tags, image } = vm;
  const others = tags.filter((tag) => tag !== `name=${friendlyName}`);
  return (
    <>
      <div role="gridcell" aria-colindex={3} className="vm-table-group truncate">
        {group}
      </div>
      <div role="gridcell" aria-colindex={4} className="vm-table-phase">
        <Phase vm={vm} />
      </div>
      <div role="gridcell" aria-colindex={5} className="vm-table-address mono truncate">
        {ip ?? "–"}
      </div>
      <div role="gridcell" aria-colindex={6} className="vm-table-size number">
        {vm.vcpus} × {bytes(vm.memoryBytes)}
      </div>
      <div role="gridcell" aria-colindex={7} className="vm-table-tags truncate muted">
        {others.map(visible).join(" · ")}
      </div>
      <div role="gridcell" aria-colindex={8} className="vm-table-image truncate muted">
        {visible(image)}
      </div>
      <div role="gridcell" aria-colindex={9} className="vm-table-age">
        <RelativeTime at={vm.createdAt} bare />
      </div>
    </>
  );
}

/** With why, where the phase needs one. */
function Phase({ vm: { phase, ready, reason } }: { readonly vm: VmAccount }) {
  const note = phase === "running" && !ready ? "waiting for its agent" : reason;
  return (
    <>
      <PhaseBadge phase={phase} />
      {note !== undefined && note !== "" && (
        <span className="vm-table-why muted small truncate" title={visible(note)}>
          {visible(note)}
        </span>
      )}
    </>
  );
}
