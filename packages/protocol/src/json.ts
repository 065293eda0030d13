import { LianyunError } from './errors.ts';

/** Any JSON value. A bigint is an integer that a number does not hold exactly: beyond 2^53 - 1, whatever its sign. */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonObject;
/** A JSON object. Its keys are data: `__proto__` is a name like any other. */
export type JsonObject = { readonly [name: string]: JsonValue };

/** Whether `value` is a JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** {@link parseExact} of the text of a frame, a leading byte order mark tolerated. Throws `bad-frame` naming `topic`. */
export function parseFrame(text: string, topic: string): unknown {
  try {
    return parseExact(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw new LianyunError('bad-frame', `The payload on ${topic} is no JSON: ${(cause as Error).message}`, { topic, path: '$', excerpt: text.slice(0, 200), cause });
  }
}

/** Levels of arrays and objects in each other. `JSON.parse` takes a million of them, and nothing that walks through what comes out does. */
const MAX_DEPTH = 512;

/**
 * `JSON.parse` that rounds no integer: one beyond 2^53 - 1 becomes a bigint, whatever its sign. Numbers with a fraction or
 * an exponent stay numbers, as do integers of more than 308 digits (Infinity, which no check takes). Throws SyntaxError,
 * and RangeError for what is nested more than 512 levels deep.
 */
export function parseExact(text: string): unknown {
  if (text.length > 2 * MAX_DEPTH && isTooDeep(text)) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`);
  return WIDE.test(text) ? JSON.parse(text, keepInteger) : JSON.parse(text);
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfText(text, at);
    else if (char === OPEN_ARRAY || char === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === CLOSE_ARRAY || char === CLOSE_OBJECT) depth--;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Where the text that begins at a quote ends; behind everything when it does not. */
function endOfText(text: string, begin: number): number {
  let end = begin;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
}

/**
 * Where an integer of sixteen digits may begin: only such a one can be beyond 2^53 - 1, and a reviver makes every text six
 * times as slow. The digits stand one by one because a counted repetition takes three times as long.
 */
const WIDE = new RegExp(`(?:^|[:,[\\s-])${'\\d'.repeat(16)}`);

// ES2026 gives the text of a primitive to the reviver (Node 22.13 does; TypeScript's types do not know it yet).
function keepInteger(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isFinite(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/**
 * `JSON.stringify` that writes a bigint as the integer that it is. Throws TypeError for what is cyclic, as the original does.
 *
 * @param space how far a line is indented; left out: all is on one line
 */
export function stringifyExact(value: unknown, space?: number): string {
  try {
    return JSON.stringify(value, undefined, space);
  } catch (error) {
    // Bigints are rare, and a replacer makes every text slow: only who throws is written again.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, writeInteger, space);
  }
}

// ES2026, in Node since 21 (TypeScript's types do not know it yet).
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

const writeInteger = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? rawJSON(String(value)) : value);

/** Puts the own members of `objects` together, later ones winning. Names such as `__proto__` stay plain members. */
export function mergeOwn(objects: readonly JsonObject[]): JsonObject {
  const [first, ...rest] = objects;
  if (first === undefined) return {};
  if (rest.length === 0) return first;
  return Object.fromEntries(objects.flatMap((object) => Object.entries(object)));
}
