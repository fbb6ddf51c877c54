/**
 * `Symbol.dispose` and `Symbol.asyncDispose` where the platform does not have them yet (Node before
 * 18.18, some browsers). To be imported before any class that is disposable.
 */

for (const name of ["dispose", "asyncDispose"] as const) {
  if (!Symbol[name]) Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) });
}
