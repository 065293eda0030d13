import * as v from 'valibot';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

// Both below are schemas of the library with one step before its own: a pipeline of schemas that says the same makes reading a report twice as dear.

/** A member that may be missing, `null` or `""`, which all mean "not given" on both clouds. */
export const absent = <S extends v.GenericSchema>(schema: S): v.OptionalSchema<S, undefined> => {
  const optional = v.optional(schema);
  return {
    ...optional,
    '~run': (dataset, config) => optional['~run'](dataset.value === null || dataset.value === '' ? { value: undefined } : dataset, config),
  };
};

/** A JSON object taken as it is: its members are the user's and are neither copied nor merged. */
export const jsonObject = v.custom<JsonObject>(isJsonObject, 'an object is expected');

/** A JSON object with these members; others are left out. Unlike `v.object` it refuses an array. */
export const members = <const E extends v.ObjectEntries>(entries: E): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<E, undefined>>> => {
  const object = v.object(entries);
  return {
    ...object,
    '~run': (dataset, config) => (isJsonObject(dataset.value) ? object['~run'](dataset, config) : (jsonObject['~run'](dataset, config) as v.OutputDataset<never, never>)),
  };
};

/** An integer; digits in a string are read too, since the vendors' SDKs write some numbers that way. */
export const integer = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value)),
  v.custom<number>((value) => Number.isSafeInteger(value), 'an integer is expected'),
);

/** The object without the members that are undefined. */
export function defined<T extends object>(object: T): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) if (value !== undefined) result[name] = value;
  // Exactly the members that have a value are left.
  return result as never;
}

/** Any JSON value, taken as it is. */
export const anyJson = v.custom<JsonValue>((value) => value !== undefined, 'a value is expected');

/** Bytes, taken as they are. */
export const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes are expected');
