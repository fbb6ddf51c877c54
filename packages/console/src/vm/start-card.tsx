/** How long the parts of a VM's last start took. */

import { Card } from "../ui/card.tsx";
import { duration } from "../ui/figures.ts";
import { RelativeTime } from "../ui/relative-time.tsx";
import "./start-card.css";
import type { VmState } from "./vm-state.ts";

/** of the whole: a shorter step is told of with the others */
const WORTH = 0.03;

export function StartCard({ vm }: { readonly vm: VmState }) {
  const { start } = vm;
  if (!start) return null;
  const { steps, totalMs, how, ready } = start;
  const shown = steps.filter(({ ms }) => ms >= totalMs * WORTH);
  const rest = steps.filter((step) => !shown.includes(step));
  const restMs = rest.reduce((sum, { ms }) => sum + ms, 0);
  const rows = rest.length === 0 ? shown : [...shown, { name: "the rest", ms: restMs }];
  return (
    <Card title="Last start">
      <p>
        {how === undefined ? "It is on its way" : `By ${how}`}, {duration(totalMs)}
        {ready ? " until its agent was ready" : " so far"}, <RelativeTime at={start.begunAt} />.
      </p>
      <ol className="start-card">
        {rows.map(({ name, ms }) => (
          <li key={name}>
            <span>{name}</span>
            <span className="start-card-track" aria-hidden>
              <span
                className="start-card-fill"
                style={{ width: `${(100 * ms) / Math.max(totalMs, 1)}%` }}
              />
            </span>
            <span className="number muted">{duration(ms)}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
