import { isJsonObject } from '../json.ts';

/** Turns a value into its other form. Total: what has no other form is given back as it is, for the check to judge. */
export type Convert = (value: unknown) => unknown;

/** Compiles the conversion of an object by its members; undefined when no member changes. The object given is not touched. */
export function convertMembers(members: readonly (readonly [name: string, convert: Convert | undefined])[]): Convert | undefined {
  const converts = new Map(members.flatMap(([name, convert]) => (convert === undefined ? [] : [[name, convert] as const])));
  if (converts.size === 0) return undefined;
  return (value) => {
    if (!isJsonObject(value)) return value;
    // A copy has `__proto__` as an own member, so that setting it is no more than that.
    const result: Record<string, unknown> = { ...value };
    for (const name of Object.keys(result)) {
      const convert = converts.get(name);
      if (convert !== undefined) result[name] = convert(result[name]);
    }
    return result;
  };
}
