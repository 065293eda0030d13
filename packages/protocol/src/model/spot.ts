import { LianyunError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';

/**
 * A place in a model file: a value that nobody has looked at yet and its JSON path. The functions below are the schema of
 * the readers; they are our own and not valibot's because every fault must carry its kind ({@link ModelFaultKind}), out
 * of which Tencent's API makes its error code, and what is allowed at the place.
 */
export interface Spot {
  readonly value: unknown;
  readonly path: string;
}

/** The kinds of faults that a model file can have. */
export type ModelFaultKind =
  | 'no-model'
  | 'bad-shape'
  | 'missing'
  | 'bad-name'
  | 'duplicate'
  | 'duplicate-parameter'
  | 'unknown-type'
  | 'bad-access'
  | 'bad-event-type'
  | 'bad-range'
  | 'bad-bool-mapping'
  | 'bad-enum-mapping';

/** What is wrong with a model file. The `cause` of the `bad-config` error that the readers throw. */
export interface ModelFault {
  readonly fault: ModelFaultKind;
  /** The JSON path of the place, for example `$.properties[3].define.min`. */
  readonly path: string;
}

/** Ends the reading. `what` says what stands there and what is allowed. Throws `bad-config`. */
export function fail(path: string, fault: ModelFaultKind, what: string): never {
  const cause: ModelFault = { fault, path };
  throw new LianyunError('bad-config', `The thing model cannot be read at ${path}: ${what}`, { path, cause });
}

/** What a reader of models found wrong, from the error that it threw; undefined for any other error. */
export function modelFaultOf(error: unknown): ModelFault | undefined {
  const cause = error instanceof LianyunError && error.code === 'bad-config' ? error.cause : undefined;
  // Only `fail` puts an object with these two members there.
  return isJsonObject(cause) && 'fault' in cause && 'path' in cause ? (cause as unknown as ModelFault) : undefined;
}

/** A value as it may stand in a message: JSON, cut to a readable length. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'number') return Object.is(value, -0) ? '0' : String(value);
  if (typeof value === 'string') return value.length > 48 ? `${JSON.stringify(value.slice(0, 48))}… (${value.length} characters)` : JSON.stringify(value);
  if (value === null || typeof value === 'boolean' || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const PLAIN_NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** A path grown by one name; names with other characters than letters, digits and `_` stand in brackets. */
export function join(path: string, name: string): string {
  return PLAIN_NAME.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

/** "Not given" on both clouds: missing, `null` or `""`. */
export function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

/** The object at a place. */
export function objectAt(spot: Spot): JsonObject {
  if (isAbsent(spot.value)) fail(spot.path, 'missing', 'nothing is given, an object is expected');
  if (!isJsonObject(spot.value)) fail(spot.path, 'bad-shape', `${shown(spot.value)} is given, an object is expected`);
  return spot.value;
}

/** The place of an own member of the object at `spot`. */
export function memberOf(spot: Spot, name: string): Spot {
  const object = objectAt(spot);
  return { value: Object.hasOwn(object, name) ? object[name] : undefined, path: join(spot.path, name) };
}

/** The places of the elements of an array; none when the array is missing. */
export function itemsOf(spot: Spot): readonly Spot[] {
  if (isAbsent(spot.value)) return [];
  if (!Array.isArray(spot.value)) fail(spot.path, 'bad-shape', `${shown(spot.value)} is given, an array is expected`);
  return spot.value.map((value: unknown, index) => ({ value, path: `${spot.path}[${index}]` }));
}

/** A text, undefined when it is missing or empty. */
export function textAt(spot: Spot): string | undefined {
  if (isAbsent(spot.value)) return undefined;
  if (typeof spot.value !== 'string') fail(spot.path, 'bad-shape', `${shown(spot.value)} is given, a string is expected`);
  return spot.value;
}

/** One of `allowed`. */
export function choiceAt<const T extends string>(spot: Spot, allowed: readonly T[], fault: ModelFaultKind): T {
  const found = allowed.find((each) => each === spot.value);
  return found ?? fail(spot.path, fault, `${isAbsent(spot.value) ? 'nothing' : shown(spot.value)} is given, allowed is ${allowed.join(', ')}`);
}

/** `true` or `false`, undefined when missing. */
export function flagAt(spot: Spot): boolean | undefined {
  if (isAbsent(spot.value)) return undefined;
  if (typeof spot.value !== 'boolean') fail(spot.path, 'bad-shape', `${shown(spot.value)} is given, true or false is expected`);
  return spot.value;
}

/** A name on the wire that fits `pattern`; `rule` is the pattern in words. */
export function nameAt(spot: Spot, pattern: RegExp, rule: string): string {
  if (isAbsent(spot.value)) fail(spot.path, 'missing', `nothing is given, a name is expected: ${rule}`);
  if (typeof spot.value !== 'string' || !pattern.test(spot.value)) fail(spot.path, 'bad-name', `${shown(spot.value)} is no name; allowed is ${rule}`);
  return spot.value;
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** A number, also as text (both clouds write bounds as strings); undefined when missing. */
export function numberAt(spot: Spot): number | undefined {
  const { value, path } = spot;
  if (isAbsent(value)) return undefined;
  const number = (typeof value === 'string' && NUMBER.test(value)) || typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) fail(path, 'bad-range', `${shown(value)} is given, a number is expected, also as a string`);
  return number;
}

/** An integer that a number holds exactly, also as text; undefined when missing. */
export function integerAt(spot: Spot): number | undefined {
  const number = numberAt(spot);
  if (number !== undefined && !Number.isSafeInteger(number)) {
    fail(spot.path, 'bad-range', `${shown(spot.value)} is given, an integer from -(2^53 - 1) to 2^53 - 1 is expected`);
  }
  return number;
}

/** A length or a step: a number that is not negative. */
export function notNegative(spot: Spot, number: number | undefined): number | undefined {
  if (number !== undefined && number < 0) fail(spot.path, 'bad-range', `${shown(spot.value)} is given, 0 or more is expected`);
  return number;
}

/** Whether a 64-bit signed integer holds the value. */
const fitsInt64 = (value: bigint): boolean => value >= -(2n ** 63n) && value <= 2n ** 63n - 1n;

/** A 64-bit integer: a number that is exact, a bigint, or digits; undefined when missing. */
export function longAt(spot: Spot): bigint | undefined {
  const { value, path } = spot;
  if (isAbsent(value)) return undefined;
  const isExact = typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'bigint' || (typeof value === 'string' && /^[+-]?\d{1,19}$/.test(value));
  const long = isExact ? BigInt(value as number | bigint | string) : undefined; // told apart by isExact
  if (long === undefined || !fitsInt64(long)) fail(path, 'bad-range', `${shown(value)} is given, a 64-bit integer is expected, beyond 2^53 - 1 as a string`);
  return long;
}

/** The members `min` and `max` of a place, read by `read`, in order. */
export function boundsAt<N extends number | bigint>(spot: Spot, read: (spot: Spot) => N | undefined): { min: N | undefined; max: N | undefined } {
  const min = read(memberOf(spot, 'min'));
  const max = read(memberOf(spot, 'max'));
  if (min !== undefined && max !== undefined && min > max) fail(join(spot.path, 'min'), 'bad-range', `min ${min} is greater than max ${max}`);
  return { min, max };
}

/** Refuses a name that stands twice in `named`, whose elements were read from `spots`. */
export function unique<T extends { readonly name?: string }>(named: readonly T[], spots: readonly Spot[], key: string, fault: ModelFaultKind = 'duplicate'): readonly T[] {
  const first = new Map<string | undefined, number>();
  named.forEach((each, index) => {
    const before = first.get(each.name);
    if (before === undefined) first.set(each.name, index);
    else fail(join(spots[index]?.path ?? '', key), fault, `${shown(each.name)} is already the ${key} of ${spots[before]?.path}; it must be unique there`);
  });
  return named;
}
