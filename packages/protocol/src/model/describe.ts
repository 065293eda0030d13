import type { Cloud, Option, ValueType } from './model.ts';
import { shown } from './spot.ts';

/** How deep a jsonObject may be nested: far more than anyone needs, and no danger to the stack. */
export const MAX_DEPTH = 64;

/** What a type allows, in words: `an integer from 0 to 100 (%)`. */
export function describeType(type: ValueType, cloud: Cloud): string {
  switch (type.kind) {
    case 'int': {
      const { min, max } = intBounds(type, cloud);
      return `an integer from ${min} to ${max}${unitOf(type)}`;
    }
    case 'long':
      return `an integer${range(type.min ?? -(2n ** 63n), type.max ?? 2n ** 63n - 1n)}${unitOf(type)}, beyond 2^53 - 1 as a bigint or a string of digits`;
    case 'decimal':
      return `a number${range(type.min, type.max)}${unitOf(type)}`;
    case 'string': {
      const length = range(type.minLength === 0 ? undefined : type.minLength, type.maxLength);
      const one = type.options === undefined ? '' : `, one of ${valuesOf(type.options)}`;
      return `a string${length === '' ? '' : ` with a length${length}`}${one}`;
    }
    case 'boolean':
      return cloud === 'huawei' ? 'true or false' : 'the number 0 or 1';
    case 'string-enum':
      return `one of the strings ${valuesOf(type.options)}`;
    case 'int-enum':
      return `one of the numbers ${valuesOf(type.options)}`;
    case 'date-time':
      return 'a time in UTC such as "20250414T013000Z" or "2025-04-14T01:30:00.123Z"';
    case 'timestamp':
      return 'seconds (10 digits) or milliseconds (13 digits) since 1970, as a number';
    case 'json-object':
      return `a JSON object, nested at most ${MAX_DEPTH} deep`;
    case 'string-list':
      return 'an array of strings';
    case 'struct':
      return `an object with members out of ${listed(type.members.map((member) => member.name))}`;
    case 'array':
      return `an array, each element ${describeType(type.items, cloud)}`;
  }
}

function range(min: number | bigint | undefined, max: number | bigint | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

const unitOf = ({ unit }: { readonly unit?: string }) => (unit === undefined ? '' : ` (${unit})`);
const valuesOf = (options: readonly Option<string | number>[]) => listed(options.map(({ value }) => shown(value)));

/** The first of many names, for a message. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ');
}

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/** The bounds of an int: declared, else 32 bits for Huawei (which has `long` for more), else what a number holds exactly. */
export function intBounds({ min, max }: { readonly min?: number; readonly max?: number }, cloud: Cloud): { min: number; max: number } {
  const isWide = cloud === 'tencent' || [min, max].some((bound) => bound !== undefined && (bound < INT32.min || bound > INT32.max));
  const natural = isWide ? { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER } : INT32;
  return { min: min ?? natural.min, max: max ?? natural.max };
}
