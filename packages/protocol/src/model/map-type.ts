import { eventTime, readEventTime } from '../huawei/event-time.ts';
import { isTimestamp } from './check-value.ts';
import { convertMembers, type Convert } from './convert.ts';
import type { Cloud, Parameter, ValueType } from './model.ts';
import { SAFE } from './rules.ts';
import { join } from './spot.ts';
import { TENCENT_NAME, TENCENT_NAME_RULE } from './tencent-template.ts';

/** What becomes of a type of a program on a cloud. */
export interface MappedType {
  /** The type in the cloud's own model. */
  readonly wire: ValueType;
  /** What of the type a program can use on this cloud. */
  readonly program: ValueType;
  /** How values change on the way to the cloud and back; left out where they do not. What does not fit the type stays as it is. */
  readonly toWire?: Convert;
  readonly fromWire?: Convert;
}

/** Takes down what is lost or narrower. `member` is the way to a member of a struct. */
export type Note = (effect: 'left-out' | 'changed', why: string, member?: string) => void;

type Mapper = (type: ValueType, note: Note) => MappedType | undefined;

/** Maps a type onto a cloud; undefined when the cloud has nothing for it, and `note` was told why. */
export function mapType(type: ValueType, cloud: Cloud, note: Note): MappedType | undefined {
  return (cloud === 'huawei' ? toHuawei : toTencent)(type, note);
}

const same = (type: ValueType): MappedType => ({ wire: type, program: type });
/** For people, and Tencent only. */
const bare = <T extends { readonly start?: number }>({ start: _, ...type }: T): Omit<T, 'start'> => type;

const toHuawei: Mapper = (type, note) => {
  switch (type.kind) {
    case 'int':
      return { wire: bare(type), program: type };
    case 'decimal':
      return { wire: bare(type), program: type, fromWire: toNumber };
    case 'long':
      return { wire: bare(type), program: type, toWire: toInteger, fromWire: toBigint };
    case 'string': {
      const { minLength, options, ...wire } = type;
      if (minLength !== undefined && minLength > 0) note('changed', 'Huawei knows no least length; only the device judges it');
      return { wire: { ...wire, ...(options && { options: options.map(({ value }) => ({ value })) }) }, program: type };
    }
    case 'boolean':
      return { wire: { kind: 'boolean' }, program: type };
    case 'string-enum':
      return { wire: { kind: 'string-enum', options: type.options.map(({ value }) => ({ value })) }, program: type };
    case 'timestamp':
      return { wire: { kind: 'date-time' }, program: type, toWire: toDateTime, fromWire: toTimestamp };
    case 'struct': {
      note('changed', 'Huawei has it as a jsonObject, whose members only the device judges');
      return mapStruct(type.members, 'huawei', note, () => ({ kind: 'json-object' }));
    }
    case 'array':
      if (type.items.kind === 'string') return { wire: { kind: 'string-list' }, program: type };
      note('left-out', 'Huawei has no arrays but of strings');
      return undefined;
    default:
      return same(type);
  }
};

const toTencent: Mapper = (type, note) => {
  switch (type.kind) {
    case 'long':
      return mapLong(type, note);
    case 'decimal':
      return { ...same(type), fromWire: toNumber };
    case 'string':
      if (type.options === undefined) return same(type);
      return mapOptions(type.options, type, note);
    case 'boolean':
      return { wire: { kind: 'boolean', labels: type.labels ?? { off: 'off', on: 'on' } }, program: type, toWire: toBit, fromWire: fromBit };
    case 'string-enum': {
      const numbers = new Map<unknown, number>(type.options.flatMap(({ value, number }) => (number === undefined ? [] : [[value, number] as const])));
      if (numbers.size === 0) return mapOptions(type.options, type, note);
      const names = new Map<unknown, string>([...numbers].map(([name, number]) => [number, String(name)]));
      const options = type.options.map(({ value, number = 0, label = value }) => ({ value: number, label }));
      return { wire: { kind: 'int-enum', options }, program: type, toWire: (value) => numbers.get(value) ?? value, fromWire: (value) => names.get(value) ?? value };
    }
    case 'date-time':
      return { wire: { kind: 'timestamp' }, program: type, toWire: toTimestamp, fromWire: toDateTime };
    case 'json-object':
      note('left-out', 'Tencent has no type for a JSON object without declared members');
      return undefined;
    case 'string-list':
      return { wire: { kind: 'array', items: { kind: 'string' } }, program: type };
    case 'struct':
      return mapStruct(type.members, 'tencent', note, (members) => ({ kind: 'struct', members }));
    case 'array': {
      const items = toTencent(type.items, note);
      if (items === undefined) return undefined;
      const { toWire, fromWire } = items;
      return {
        wire: { kind: 'array', items: items.wire },
        program: { kind: 'array', items: items.program },
        ...(toWire && { toWire: each(toWire) }),
        ...(fromWire && { fromWire: each(fromWire) }),
      };
    }
    default:
      return same(type);
  }
};

function mapOptions(options: readonly { readonly value: string; readonly label?: string }[], program: ValueType, note: Note): MappedType | undefined {
  if (options.some(({ value }) => value === '')) {
    note('left-out', 'Tencent takes no empty string for a value of a stringenum');
    return undefined;
  }
  return { wire: { kind: 'string-enum', options: options.map(({ value, label = value }) => ({ value, label })) }, program };
}

/** Tencent's int is a JSON number without a promise of 64 bits: what a double does not hold is refused instead of rounded. */
function mapLong(type: ValueType & { kind: 'long' }, note: Note): MappedType | undefined {
  const { min, max, ...scale } = type;
  const [low, high] = [BigInt(SAFE.min), BigInt(SAFE.max)];
  if ((min ?? low) > high || (max ?? high) < low) {
    note('left-out', "Tencent's int does not hold integers beyond 2^53 - 1");
    return undefined;
  }
  const isNarrower = min === undefined || max === undefined || min < low || max > high;
  if (isNarrower) note('changed', "Tencent's int holds integers up to 2^53 - 1; others are refused");
  const from = min === undefined || min < low ? low : min;
  const to = max === undefined || max > high ? high : max;
  return { wire: { ...scale, kind: 'int', min: Number(from), max: Number(to) }, program: { ...scale, kind: 'long', min: from, max: to }, toWire: toInteger, fromWire: toBigint };
}

function mapStruct(members: readonly Parameter[], cloud: Cloud, note: Note, wireOf: (members: readonly Parameter[]) => ValueType): MappedType | undefined {
  const mapped = members.flatMap((member) => {
    if (cloud === 'tencent' && !TENCENT_NAME.test(member.name)) {
      note('left-out', `Tencent takes no such name; allowed is ${TENCENT_NAME_RULE}`, join('', member.name));
      return [];
    }
    const type = mapType(member.type, cloud, (effect, why, way = '') => note(effect, why, join('', member.name) + way));
    return type === undefined ? [] : [{ member, type }];
  });
  if (mapped.length === 0) return undefined;
  const by = (pick: (type: MappedType) => Convert | undefined) => convertMembers(mapped.map(({ member, type }) => [member.name, pick(type)]));
  const [toWire, fromWire] = [by((type) => type.toWire), by((type) => type.fromWire)];
  return {
    wire: wireOf(mapped.map(({ member, type }) => ({ ...member, title: member.title ?? member.name, type: type.wire }))),
    program: { kind: 'struct', members: mapped.map(({ member, type }) => ({ ...member, type: type.program })) },
    ...(toWire && { toWire }),
    ...(fromWire && { fromWire }),
  };
}

const each =
  (convert: Convert): Convert =>
  (value) =>
    Array.isArray(value) ? value.map(convert) : value;

const toBit: Convert = (value) => (value === true ? 1 : value === false ? 0 : value);
const fromBit: Convert = (value) => (value === 1 ? true : value === 0 ? false : value);

const DIGITS = /^-?\d{1,20}$/;
const narrowed = (value: bigint) => (value >= SAFE.min && value <= SAFE.max ? Number(value) : value);

/** An integer for JSON: a number where it holds it, else a bigint. */
const toInteger: Convert = (value) => {
  if (typeof value === 'bigint') return narrowed(value);
  return typeof value === 'string' && DIGITS.test(value) ? narrowed(BigInt(value)) : value;
};

/** A number that was rounded on its way stays one: the check refuses it by name. */
const toBigint: Convert = (value) => {
  const isExact = typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && DIGITS.test(value);
  return isExact ? BigInt(value as number | string) : value; // told apart by isExact
};

/** A reader that keeps integers exact gives 100000000000000000 as a bigint; a decimal is a number for a program. */
const toNumber: Convert = (value) => (typeof value === 'bigint' ? Number(value) : value);

/** Seconds (10 digits) are written without a fraction and milliseconds (13) with one, and so they come back as they were. */
const toDateTime: Convert = (value) => {
  if (typeof value !== 'number' || !Number.isInteger(value)) return value;
  if (isTimestamp(value)) return eventTime(value);
  return isTimestamp(value * 1000) ? eventTime(value * 1000).replace('.000Z', 'Z') : value;
};

const toTimestamp: Convert = (value) => {
  const at = typeof value === 'string' ? readEventTime(value) : undefined;
  if (at === undefined || !isTimestamp(at)) return value;
  return typeof value === 'string' && value.includes('.') ? at : at / 1000;
};
