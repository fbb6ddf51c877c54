/** A promise with its ends in hand, as `Promise.withResolvers` gives them where it exists. */

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason?: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let ends: Omit<Deferred<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => (ends = { resolve, reject }));
  if (!ends) throw new Error("invariant: a promise runs its function at once");
  return { promise, ...ends };
}
