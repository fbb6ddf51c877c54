/** Instants as signed payloads write them: ISO 8601 with a date, a time and a zone. */

const SHAPE =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(?:Z|([+-])(\d{2}):?(\d{2}))$/;

/** @returns milliseconds since 1970, with fractions; `undefined` for anything else, and for times without a zone */
export function instantOf(text: string): number | undefined {
  const parts = SHAPE.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second = "00", fraction = "0"] = parts;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const ms = Date.parse(local);
  // What does not come back the same is a day or an hour that there is not.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== local) return undefined;
  const offset = offsetMinutes(parts[8], Number(parts[9] ?? 0), Number(parts[10] ?? 0));
  if (offset === undefined) return undefined;
  return ms + Number(fraction) * 1000 - offset * 60_000;
}

function offsetMinutes(sign: string | undefined, hours: number, minutes: number) {
  if (hours > 23 || minutes > 59) return undefined;
  return (sign === "-" ? -1 : 1) * (hours * 60 + minutes);
}
