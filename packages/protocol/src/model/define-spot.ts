import { fail, isAbsent, join, objectAt, shown, type Spot } from './spot.ts';

/** The places of the own members of the object at a place; none when it is missing. */
export function entriesAt(spot: Spot): readonly (Spot & { readonly name: string })[] {
  if (isAbsent(spot.value)) return [];
  const object = plainAt(spot);
  return Object.entries(object).map(([name, value]: [string, unknown]) => ({ name, value, path: join(spot.path, name) }));
}

/** Refuses members other than `allowed`. */
export function onlyAt(spot: Spot, allowed: readonly string[]): void {
  for (const name of Object.keys(plainAt(spot))) {
    if (!allowed.includes(name)) fail(join(spot.path, name), 'bad-shape', `there is no such member here; allowed is ${allowed.join(', ')}`);
  }
}

/** A name in a model: what both clouds allow of its length; `forCloud` judges the characters. */
export function nameOf({ name, path }: { readonly name: string; readonly path: string }): string {
  const { length } = [...name];
  return length >= 1 && length <= 64 ? name : fail(path, 'bad-name', `${shown(name)} is no name; allowed is 1 to 64 characters`);
}

/** `{ __proto__: {…} }` names no member in JavaScript: it would be lost in silence. Objects of another realm are plain too. */
function plainAt(spot: Spot): object {
  const object = objectAt(spot);
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    fail(spot.path, 'bad-shape', "an object with a prototype is given, a plain one is expected; the name __proto__ is written ['__proto__']");
  }
  return object;
}
