/** How Python writes dates and numbers into texts that clients compare. Pure. */

/** `2025-06-01 12:00:00.123000+00:00`; no fraction where there is none */
export function aware(at: Date): string {
  return `${naive(at)}+00:00`;
}

/** the same without an offset */
export function naive(at: Date): string {
  const iso = at.toISOString();
  const fraction = at.getUTCMilliseconds() === 0 ? "" : `.${iso.slice(20, 23)}000`;
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}`;
}

/** `2026-11-22T03:57:00Z` */
export function isoSecond(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** a number as Python writes a float: `5.0` */
export function floatText(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
