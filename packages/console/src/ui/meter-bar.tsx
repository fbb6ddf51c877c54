/** How much of something is taken: a bar with its figures as text. */

import "./meter-bar.css";

export interface MeterBarProps {
  readonly label: string;
  readonly value: number;
  /** 0 when it is not known */
  readonly total: number;
  /** "3.1 of 8.0 GiB" */
  readonly text: string;
}

const NEARLY = 0.75;
const FULL = 0.9;

export function MeterBar({ label, value, total, text }: MeterBarProps) {
  const fraction = total > 0 ? Math.min(1, Math.max(0, value / total)) : 0;
  const tone = fraction >= FULL ? "bad" : fraction >= NEARLY ? "warn" : "accent";
  return (
    <div className="meter-bar">
      <div className="meter-bar-words">
        <span>{label}</span>
        <span className="number muted">{text}</span>
      </div>
      <div
        className="meter-bar-track"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(fraction * 100)}
        aria-valuetext={text}
      >
        <div
          className={`meter-bar-fill meter-bar-${tone}`}
          style={{ width: `${fraction * 100}%` }}
        />
      </div>
    </div>
  );
}
