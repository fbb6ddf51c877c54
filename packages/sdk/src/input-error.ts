/** The caller gave something that cannot be: a URL that is none, a name that is a path. */
export class AlcoveInputError extends TypeError {
  override readonly name = "AlcoveInputError";
}
