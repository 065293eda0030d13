import { LianyunError } from './errors.ts';

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A JSON object. Its keys are data: `__proto__` is a name like any other. */
export type JsonObject = { readonly [name: string]: JsonValue };

/** Whether `value` is a JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses the text of a frame, a leading byte order mark tolerated. Throws `bad-frame` naming `topic`. */
export function parseJson(text: string, topic: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw new LianyunError('bad-frame', `The payload on ${topic} is no JSON: ${(cause as Error).message}`, { topic, path: '$', excerpt: text.slice(0, 200), cause });
  }
}

/** Puts the own members of `objects` together, later ones winning. Names such as `__proto__` stay plain members. */
export function mergeOwn(objects: readonly JsonObject[]): JsonObject {
  const [first, ...rest] = objects;
  if (first === undefined) return {};
  if (rest.length === 0) return first;
  return Object.fromEntries(objects.flatMap((object) => Object.entries(object)));
}
