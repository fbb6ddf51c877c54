/** What `alcove doctor` says: one line a subject, with what to do about it. */

export interface Finding {
  readonly subject: string;
  /** `missing`: VMs cannot run before it is there. `note`: works, but could be better or is worth knowing */
  readonly verdict: "ok" | "note" | "missing";
  readonly found: string;
  /** what to do, as a sentence or command; only where there is something to do */
  readonly remedy?: string;
}

const MARKS: Record<Finding["verdict"], string> = { ok: "ok  ", note: "note", missing: "MISS" };

export function diagnosisText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, verdict, found, remedy }) => [
    `${MARKS[verdict]}  ${subject.padEnd(width)}  ${found}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(width + 8)}→ ${remedy}`]),
  ]);
  return `${lines.join("\n")}\n`;
}
