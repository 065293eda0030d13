/** Makes a thing when it is first asked for: of all that a cloud's messages look like, a device reads a few. */
export function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => (made ??= { it: make() }).it;
}
