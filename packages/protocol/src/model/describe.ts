import type { Option, ValueType } from './model.ts';
import { SAFE, type Rules } from './rules.ts';
import { shown } from './spot.ts';

/** How deep a jsonObject may be nested: far more than anyone needs, and no danger to the stack. */
export const MAX_DEPTH = 64;

/** What a type allows, in words: `an integer from 0 to 100 (%)`. */
export function describeType(type: ValueType, rules: Rules): string {
  switch (type.kind) {
    case 'int': {
      const { min, max } = intBounds(type, rules);
      return `an integer from ${min} to ${max}${unitOf(type)}`;
    }
    case 'long': {
      const { min = -(2n ** 63n), max = 2n ** 63n - 1n } = type;
      const isWide = min < SAFE.min || max > SAFE.max;
      return `an integer${range(min, max)}${unitOf(type)}${isWide ? ', beyond 2^53 - 1 as a bigint or a string of digits' : ''}`;
    }
    case 'decimal':
      return `a number${range(type.min, type.max)}${unitOf(type)}`;
    case 'string': {
      const length = range(type.minLength === 0 ? undefined : type.minLength, type.maxLength);
      const one = type.options === undefined ? '' : `, one of ${valuesOf(type.options)}`;
      return `a string${length === '' ? '' : ` with a length${length}`}${one}`;
    }
    case 'boolean':
      return rules.booleans === 'true-false' ? 'true or false' : 'the number 0 or 1';
    case 'string-enum':
      return `one of the strings ${valuesOf(type.options)}`;
    case 'int-enum':
      return `one of the numbers ${valuesOf(type.options)}`;
    case 'date-time':
      return `a time in UTC${rules.keepsToTimestamps ? ' from 2001-09-09 to 2286-11-20,' : ''} such as "20250414T013000Z" or "2025-04-14T01:30:00.123Z"`;
    case 'timestamp':
      return 'seconds (10 digits) or milliseconds (13 digits) since 1970, as a number';
    case 'json-object':
      return `a JSON object, nested at most ${MAX_DEPTH} deep`;
    case 'string-list':
      return 'an array of strings';
    case 'struct':
      return `an object with members out of ${listed(type.members.map((member) => member.name))}`;
    case 'array':
      return `an array, each element ${describeType(type.items, rules)}`;
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

/** The bounds of an int: declared, else those of the rules; a declared bound beyond them opens the other to what a number holds exactly. */
export function intBounds({ min, max }: { readonly min?: number; readonly max?: number }, { int }: Rules): { min: number; max: number } {
  const isWide = [min, max].some((bound) => bound !== undefined && (bound < int.min || bound > int.max));
  const natural = isWide ? SAFE : int;
  return { min: min ?? natural.min, max: max ?? natural.max };
}
