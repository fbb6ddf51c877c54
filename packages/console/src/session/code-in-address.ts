/**
 * The sign-in code that a printed address carries after its `#`. Browsers do not send that part to anybody; here it is
 * taken out of the address and the history before anything else is done.
 */

const CODE = /^#code=([\w-]{1,128})$/;

let waiting: string | undefined;

type Place = Pick<Location, "hash" | "pathname" | "search">;
type Past = Pick<History, "state" | "replaceState">;

/** Looks at the address now. @returns whether there was a code */
export function noteCode(place: Place = location, past: Past = history): boolean {
  const found = CODE.exec(place.hash)?.[1];
  if (found === undefined) return false;
  waiting = found;
  past.replaceState(past.state, "", place.pathname + place.search);
  return true;
}

/** @returns the code that was noted, once: it is good for one sign-in */
export function takeCode(): string | undefined {
  const code = waiting;
  waiting = undefined;
  return code;
}
