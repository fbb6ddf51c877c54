/** VMs by what they do. */

interface InPhase {
  readonly phase: string;
  readonly since: string;
}

/** Those that run first, then by number. */
export function phasesOf(
  vms: readonly InPhase[],
): readonly { readonly phase: string; readonly vms: number }[] {
  const numbers = new Map<string, number>();
  for (const { phase } of vms) numbers.set(phase, (numbers.get(phase) ?? 0) + 1);
  return [...numbers]
    .map(([phase, number]) => ({ phase, vms: number }))
    .toSorted((a, b) => rank(b.phase) - rank(a.phase) || b.vms - a.vms);
}

/** Newest first. */
export function failedOf<Vm extends InPhase>(vms: readonly Vm[]): readonly Vm[] {
  return vms
    .filter(({ phase }) => phase === "failed")
    .toSorted((a, b) => b.since.localeCompare(a.since));
}

function rank(phase: string): number {
  return phase === "running" ? 1 : 0;
}
