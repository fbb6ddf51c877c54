/**
 * A reason not to start that whoever starts the daemon can act on: the message is the whole story,
 * and a stack trace would only hide it.
 */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
}
