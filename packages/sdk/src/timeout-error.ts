/** What was waited for did not happen in the time allowed. */
export class AlcoveTimeoutError extends Error {
  override readonly name = "AlcoveTimeoutError";
}
