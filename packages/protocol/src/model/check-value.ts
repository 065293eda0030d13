import { readEventTime } from '../huawei/event-time.ts';
import { isJsonObject } from '../json.ts';
import { describeType, intBounds, listed, MAX_DEPTH } from './describe.ts';
import type { Parameter, ValueType } from './model.ts';
import { SAFE, type Rules } from './rules.ts';
import { join } from './spot.ts';

/** Why a value is refused. */
export type ViolationReason =
  | 'unknown-service'
  | 'unknown-property'
  | 'unknown-command'
  | 'unknown-response'
  | 'unknown-event'
  | 'unknown-parameter'
  | 'unknown-member'
  | 'missing'
  | 'not-writable'
  | 'wrong-type'
  | 'wrong-event-type'
  | 'out-of-range'
  | 'unsafe-integer'
  | 'not-in-enum'
  | 'too-long'
  | 'too-short';

/** A refused value, seen from the value: the caller knows the way to it. */
export interface Refusal {
  readonly reason: ViolationReason;
  /** The way from the checked value to the place, `''` or for example `.pos.x`, `[3]`. */
  readonly at: string;
  /** The name in the model nearest to the place; undefined when it is the checked value itself. */
  readonly field?: string;
  readonly given: unknown;
  /** What is allowed, in words. */
  readonly allowed: string;
  readonly type?: ValueType;
}

/** Undefined: the value is allowed. Nothing is allocated on that way, save for a DateTime and a long as string. */
export type Check = (value: unknown) => Refusal | undefined;

/**
 * Compiles the judgement of values of a type.
 *
 * @param nested whether the value stands inside a struct or an array, where Tencent judges the least length of strings too (2.10)
 */
function compileType(type: ValueType, rules: Rules, nested = false): Check {
  const refuse = (reason: ViolationReason, given: unknown): Refusal => ({ reason, at: '', given, allowed: describeType(type, rules), type });
  switch (type.kind) {
    case 'int': {
      const { min, max } = intBounds(type, rules);
      return (value) => {
        if (typeof value !== 'bigint' && (typeof value !== 'number' || !Number.isInteger(value))) return refuse('wrong-type', value);
        return value >= min && value <= max ? undefined : refuse('out-of-range', value);
      };
    }
    case 'long':
      return compileLong(type, refuse);
    case 'decimal': {
      const { min = -Infinity, max = Infinity } = type;
      return (value) => {
        // A reader that keeps integers exact gives 100000000000000000 as a bigint: JSON does not say which type is meant.
        if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isFinite(value))) return refuse('wrong-type', value);
        return value >= min && value <= max ? undefined : refuse('out-of-range', value);
      };
    }
    case 'string': {
      const min = nested || rules.judgesMinLength ? (type.minLength ?? 0) : 0;
      const max = type.maxLength ?? Infinity;
      const options = type.options && new Set(type.options.map((option) => option.value));
      return (value) => {
        if (typeof value !== 'string') return refuse('wrong-type', value);
        if (value.length > max) return refuse('too-long', value);
        if (value.length < min) return refuse('too-short', value);
        return options === undefined || options.has(value) ? undefined : refuse('not-in-enum', value);
      };
    }
    case 'boolean':
      if (rules.booleans === 'true-false') return (value) => (typeof value === 'boolean' ? undefined : refuse('wrong-type', value));
      return (value) => (value === 0 || value === 1 ? undefined : refuse(typeof value === 'number' || isWide(value) ? 'out-of-range' : 'wrong-type', value));
    case 'string-enum':
    case 'int-enum': {
      const options = new Set<unknown>(type.options.map((option) => option.value));
      const kind = type.kind === 'int-enum' ? 'number' : 'string';
      return (value) => {
        if (typeof value !== kind && !(kind === 'number' && isWide(value))) return refuse('wrong-type', value);
        return options.has(value) ? undefined : refuse('not-in-enum', value);
      };
    }
    case 'date-time':
      return (value) => {
        const at = typeof value === 'string' ? readEventTime(value) : undefined;
        if (at === undefined) return refuse('wrong-type', value);
        return !rules.keepsToTimestamps || isTimestamp(at) ? undefined : refuse('out-of-range', value);
      };
    case 'timestamp':
      return (value) => {
        if (isWide(value)) return refuse('out-of-range', value);
        if (typeof value !== 'number' || !Number.isInteger(value)) return refuse('wrong-type', value);
        return isTimestamp(value) || isTimestamp(value * 1000) ? undefined : refuse('out-of-range', value);
      };
    case 'json-object':
      return (value) => {
        if (!isJsonObject(value)) return refuse('wrong-type', value);
        const wrong = findNonJson(value, MAX_DEPTH);
        return wrong && { ...refuse('wrong-type', wrong.given), at: wrong.at };
      };
    case 'string-list': {
      const isText: Check = (value) => (typeof value === 'string' ? undefined : refuse('wrong-type', value));
      return compileList(isText, refuse);
    }
    case 'array':
      return compileList(compileType(type.items, rules, true), refuse);
    case 'struct': {
      const checkMembers = compileMembers(type.members, { rules, unknown: 'unknown-member', nested: true });
      return (value) => (isJsonObject(value) ? checkMembers(value) : refuse('wrong-type', value));
    }
  }
}

/** Whether an instant is a timestamp: its milliseconds have 13 digits, and so its seconds 10. */
export const isTimestamp = (ms: number): boolean => ms >= 1e12 && ms < 1e13;

/** Whether a value is an integer that a number does not hold exactly, as `parseExact` gives it. */
const isWide = (value: unknown): value is bigint => typeof value === 'bigint' && (value > SAFE.max || value < SAFE.min);

interface MembersOptions {
  readonly rules: Rules;
  /** The reason to refuse a name that is not declared. */
  readonly unknown: ViolationReason;
  readonly nested?: boolean;
}

/** Compiles the judgement of an object whose members are declared: arguments, parameters, the members of a struct. */
export function compileMembers(declared: readonly Parameter[], options: MembersOptions): Check {
  const checks = new Map(declared.map(({ name, type }) => [name, compileType(type, options.rules, options.nested)]));
  const types = new Map(declared.map(({ name, type }) => [name, type]));
  const required = declared.filter((each) => each.required).map((each) => each.name);
  const checkGiven = compileNames(checks, options.unknown);
  return (value) => {
    const refusal = checkGiven(value);
    if (refusal !== undefined) return refusal;
    for (const name of required) {
      if (Object.hasOwn(value as object, name)) continue; // checkGiven refuses what is no object
      const type = types.get(name);
      const allowed = type === undefined ? '' : describeType(type, options.rules);
      return { reason: 'missing', at: join('', name), field: name, given: undefined, allowed, ...(type && { type }) };
    }
    return undefined;
  };
}

/** Compiles the judgement of an object whose members have the given checks, any subset of them. */
export function compileNames(checks: ReadonlyMap<string, Check>, unknown: ViolationReason): Check {
  return (value) => {
    if (!isJsonObject(value)) return { reason: 'wrong-type', at: '', given: value, allowed: 'an object' };
    for (const name in value) {
      const check = checks.get(name);
      const refusal = check === undefined ? UNKNOWN : check(value[name]);
      // What is inherited is no part of the message, but `in` shows it: asked only when there is something to refuse.
      if (refusal === undefined || !Object.hasOwn(value, name)) continue;
      if (refusal === UNKNOWN) return { reason: unknown, at: join('', name), field: name, given: value[name], allowed: listed([...checks.keys()]) };
      return { ...refusal, at: join('', name) + refusal.at, field: refusal.field ?? name };
    }
    return undefined;
  };
}

const UNKNOWN: Refusal = { reason: 'unknown-member', at: '', given: undefined, allowed: '' };

function compileLong(type: ValueType & { kind: 'long' }, refuse: (reason: ViolationReason, given: unknown) => Refusal): Check {
  const { min = -(2n ** 63n), max = 2n ** 63n - 1n } = type;
  // A bound beyond 2^53 is rounded here, and stays on the same side of every number that can be given.
  const [low, high] = [Number(min), Number(max)];
  const isInRange = (value: bigint) => value >= min && value <= max;
  return (value) => {
    if (typeof value === 'number') {
      if (!Number.isInteger(value)) return refuse('wrong-type', value);
      if (!Number.isSafeInteger(value)) return refuse('unsafe-integer', value);
      return value >= low && value <= high ? undefined : refuse('out-of-range', value);
    }
    if (typeof value === 'bigint') return isInRange(value) ? undefined : refuse('out-of-range', value);
    if (typeof value !== 'string' || !/^-?(0|[1-9]\d*)$/.test(value)) return refuse('wrong-type', value);
    // 2^63 has 19 digits: no need to parse a string of a megabyte.
    return value.length <= 20 && isInRange(BigInt(value)) ? undefined : refuse('out-of-range', value);
  };
}

function compileList(check: Check, refuse: (reason: ViolationReason, given: unknown) => Refusal): Check {
  return (value) => {
    if (!Array.isArray(value)) return refuse('wrong-type', value);
    for (let index = 0; index < value.length; index += 1) {
      const refusal = check(value[index]);
      if (refusal !== undefined) return { ...refusal, at: `[${index}]${refusal.at}` };
    }
    return undefined;
  };
}

/** The first place in a value that JSON cannot say as it is (NaN, undefined, a bigint that a number holds as well, a function), or that is too deep. */
function findNonJson(value: unknown, depth: number): { at: string; given: unknown } | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { at: '', given: value };
    case 'bigint':
      return isWide(value) ? undefined : { at: '', given: value };
    case 'object':
      break;
    default:
      return { at: '', given: value };
  }
  if (value === null) return undefined;
  if (depth === 0) return { at: '', given: value };
  for (const [name, member] of Object.entries(value)) {
    const wrong = findNonJson(member, depth - 1);
    if (wrong !== undefined) return { at: (Array.isArray(value) ? `[${name}]` : join('', name)) + wrong.at, given: wrong.given };
  }
  return undefined;
}
