// Properties as the vendors' files declare them, with values that the vendors' documents allow and values that they do not (tencent 2.10, huawei 14.6).
// Written from the documents and not from the code that is tested: bounds and texts stand here once more.
import fc from 'fast-check';
import type { JsonObject, JsonValue } from 'lianyun';

/** A value that a property does not have, the way from the property to what is wrong, and what is allowed there. */
export interface Wrong {
  readonly value: JsonValue;
  readonly at: string;
  readonly allowed: string;
  /** What Tencent answers, in its own words where the document has them (2.1). */
  readonly status: string;
}

/** A type: what the vendor's file says of it, what it has, and what it does not have. */
export interface Sample {
  readonly define: JsonObject;
  readonly good: fc.Arbitrary<JsonValue>;
  readonly wrong: fc.Arbitrary<Wrong>;
}

type SampleOf = fc.Arbitrary<Sample>;

const wrong = (allowed: string | readonly [allowed: string, status: string], ...values: readonly fc.Arbitrary<JsonValue>[]): fc.Arbitrary<Wrong> => {
  const [text, status] = typeof allowed === 'string' ? [allowed, allowed] : allowed;
  return fc.oneof(...values).map((value) => ({ value, at: '', allowed: text, status }));
};
const outOf = ({ min, max }: { readonly min: number; readonly max: number }): string => `out of range:[${min},${max}]`;
const NOT_DEFINED = 'enum not defined';
const texts = fc.constantFrom<JsonValue>('', '1', '-1', 'true', '1e3', '__proto__');
const flags = fc.boolean();
const lists = fc.constantFrom<JsonValue>([], [1], ['a']);
const objects = fc.constantFrom<JsonValue>({}, { x: 1 });
const nothing = fc.constant(null);
const integers = (min: number, max: number): fc.Arbitrary<number> => fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
const beyond = (min: number, max: number): fc.Arbitrary<JsonValue> =>
  fc.oneof(fc.constantFrom(min - 1, max + 1), fc.integer({ min: max + 1, max: max + 1e6 }), fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), fc.bigInt({ min: -(2n ** 70n), max: -(2n ** 53n) }));
/** Of at most so many UTF-16 units, and often exactly so many; some take two of them, some take three bytes. */
const strings = (min: number, max: number): fc.Arbitrary<string> => {
  const filled = (length: number): fc.Arbitrary<string> => fc.constantFrom('x', '灯').map((each) => each.repeat(length));
  const mixed = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '\u0000', '\ud800', 'é', '灯'), minLength: min, maxLength: max });
  return fc.oneof(mixed, filled(max), filled(min), fc.constant('💡'.repeat(Math.floor(max / 2)).padEnd(max, 'x')));
};
const longer = (max: number): fc.Arbitrary<string> => fc.integer({ min: 1, max: 40 }).chain((more) => fc.constantFrom('x', '灯').map((each) => each.repeat(max + more)));
const range = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(1e6)).map(([min, size]) => ({ min, max: min + size }));
const listed = (values: readonly JsonValue[]): string => values.map((each) => JSON.stringify(each)).join(', ');
const options = fc.uniqueArray(fc.constantFrom('auto', 'eco', '灯', '__proto__', 'constructor', 'a b', '0'), { minLength: 1, maxLength: 4 });

const scaleOf = ({ min, max }: { readonly min: number; readonly max: number }) => ({ min: String(min), max: String(max), start: String(min), step: '10', unit: '' });

const bool: SampleOf = fc.constant({
  define: { type: 'bool', mapping: { 0: 'off', 1: 'on' } },
  good: fc.constantFrom(0, 1),
  wrong: wrong(['the number 0 or 1', outOf({ min: 0, max: 1 })], flags, texts, lists, objects, nothing, fc.integer({ min: 2 }), fc.integer({ max: -1 }), fc.constant(0.5), fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n })),
});
const int: SampleOf = range.map(({ min, max }) => ({
  define: { type: 'int', ...scaleOf({ min, max }) },
  good: integers(min, max),
  wrong: wrong([`an integer from ${min} to ${max}`, outOf({ min, max })], flags, texts, lists, objects, nothing, beyond(min, max), fc.constant(min + 0.5)),
}));
const float: SampleOf = range.map(({ min, max }) => ({
  define: { type: 'float', ...scaleOf({ min, max }) },
  good: fc.oneof(fc.double({ min, max, noNaN: true }), integers(min, max)),
  wrong: wrong([`a number from ${min} to ${max}`, outOf({ min, max })], flags, texts, lists, objects, nothing, beyond(min, max), fc.constantFrom(min - 0.001, max + 0.001)),
}));
const enumeration: SampleOf = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }).map((keys) => {
  const sorted = keys.toSorted((a, b) => a - b);
  return {
    define: { type: 'enum', mapping: Object.fromEntries(keys.map((key) => [key, `Value ${key}`])) },
    good: fc.constantFrom(...keys),
    wrong: wrong([`one of the numbers ${listed(sorted)}`, NOT_DEFINED], flags, fc.constantFrom(...keys).map(String), lists, objects, nothing, fc.integer({ min: 21 }), fc.constantFrom(...keys).map((key) => key + 0.5), fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n })),
  };
});
const stringenum: SampleOf = options.map((keys) => {
  // Names that are whole numbers come first in an object.
  const mapping = Object.fromEntries(keys.map((key) => [key, `The ${key}`]));
  return {
    define: { type: 'stringenum', mapping },
    good: fc.constantFrom(...keys),
    wrong: wrong([`one of the strings ${listed(Object.keys(mapping))}`, NOT_DEFINED], flags, fc.constantFrom(...keys).map((key) => `${key} `), lists, objects, nothing, fc.integer()),
  };
});
const timestamp: SampleOf = fc.constant({
  define: { type: 'timestamp' },
  good: fc.oneof(fc.integer({ min: 1e9, max: 1e10 - 1 }), fc.integer({ min: 1e12, max: 1e13 - 1 }), fc.constantFrom(1e9, 1e10 - 1, 1e12, 1e13 - 1)),
  wrong: wrong('seconds (10 digits) or milliseconds (13 digits) since 1970', flags, fc.constantFrom('1744594200', '1744594200000'), lists, objects, nothing, fc.constantFrom(0, -1744594200, 1e9 - 1, 1e10, 1e12 - 1, 1e13, 1744594200.5), fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n })),
});
/** The least length counts inside of structs and arrays only, as in the vendor's own code. */
const string = (isInside: boolean): SampleOf =>
  fc.tuple(fc.nat(5), fc.nat(30)).map(([min, more]) => {
    const max = min + more;
    const least = isInside ? min : 0;
    const allowed = min === 0 ? `a string with a length of at most ${max}` : `a string with a length from ${min} to ${max}`;
    return {
      define: { type: 'string', min: String(min), max: String(max) },
      good: strings(least, max),
      wrong: wrong(allowed, flags, lists, objects, nothing, fc.integer(), longer(max), ...(least > 0 ? [fc.constant('x'.repeat(least - 1))] : [])),
    };
  });

const entries = (all: Iterable<readonly [string, JsonValue]>): JsonValue => Object.fromEntries(all);
const MEMBERS = ['x', 'on', '__proto__', 'constructor'];

const structOf = (member: SampleOf): SampleOf =>
  fc.uniqueArray(fc.tuple(fc.constantFrom(...MEMBERS), member), { minLength: 1, maxLength: 3, selector: ([name]) => name }).map((members) => {
    const good = fc.subarray(members).chain((some) => fc.tuple(...some.map(([name, each]) => each.good.map((value) => [name, value] as const))).map(entries));
    const spoilt = fc.constantFrom(...members).chain(([name, each]) => each.wrong.map(({ value, at, ...rest }) => ({ value: entries([[name, value]]), at: `.${name}${at}`, ...rest })));
    const names = members.map(([name]) => name).join(', ');
    const unknown: fc.Arbitrary<Wrong> = fc.constant({ value: { stranger: 1 }, at: '.stranger', allowed: names, status: names });
    return {
      define: { type: 'struct', specs: members.map(([id, { define }]) => ({ id, name: id, dataType: define })) },
      good,
      wrong: fc.oneof(spoilt, unknown, wrong(`an object with members out of ${names}`, flags, texts, lists, fc.integer(), nothing)),
    };
  });
const arrayOf = (item: SampleOf): SampleOf =>
  item.map(({ define, good, wrong: bad }) => ({
    define: { type: 'array', arrayInfo: define },
    good: fc.array(good, { maxLength: 4 }),
    wrong: fc.oneof(
      fc.tuple(fc.array(good, { maxLength: 3 }), bad).map(([before, { value, at, ...rest }]) => ({ value: [...before, value], at: `[${before.length}]${at}`, ...rest })),
      wrong('an array, each element', flags, texts, objects, fc.integer(), nothing),
    ),
  }));
const struct = structOf(fc.oneof(bool, int, float, string(true), enumeration, stringenum, timestamp));

/** Tencent's types (2.10). */
export const TENCENT_TYPES: Readonly<Record<string, SampleOf>> = {
  bool,
  int,
  float,
  enum: enumeration,
  stringenum,
  string: string(false),
  timestamp,
  struct,
  'array of int': arrayOf(int),
  'array of float': arrayOf(float),
  'array of string': arrayOf(string(true)),
  'array of struct': arrayOf(struct),
};

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const wide = fc.tuple(fc.bigInt(INT64), fc.bigInt(INT64)).map(([a, b]) => (a < b ? { min: a, max: b } : { min: b, max: a }));
/** As JSON has it: a number where it holds it. */
const asJson = (value: bigint): JsonValue => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
const dates = fc.date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });

/** Huawei's types (14.6). */
export const HUAWEI_TYPES: Readonly<Record<string, SampleOf>> = {
  int: range.map(({ min, max }) => ({
    define: { data_type: 'int', min: String(min), max: String(max), step: 10 },
    good: integers(min, max),
    wrong: wrong(`an integer from ${min} to ${max}`, flags, texts, lists, objects, nothing, beyond(min, max), fc.constant(min + 0.5)),
  })),
  'int without bounds': fc.constant({
    define: { data_type: 'int' },
    good: integers(-(2 ** 31), 2 ** 31 - 1),
    wrong: wrong('an integer from -2147483648 to 2147483647', flags, texts, beyond(-(2 ** 31), 2 ** 31 - 1), fc.constant(0.5)),
  }),
  long: wide.map(({ min, max }) => ({
    define: { data_type: 'long', min: String(min), max: String(max) },
    good: fc.oneof(fc.bigInt({ min, max }).map(asJson), fc.constantFrom(min, max).map(asJson), fc.bigInt({ min, max }).map(String)),
    wrong: wrong(`an integer from ${min} to ${max}`, flags, fc.constantFrom('', '1.5', '1e3', ' 1', '0x1'), lists, objects, nothing, fc.constantFrom(min - 1n, max + 1n).map(asJson), fc.constantFrom(min - 1n, max + 1n).map(String), fc.constant(0.5)),
  })),
  decimal: range.map(({ min, max }) => ({
    define: { data_type: 'decimal', min: String(min), max: String(max) },
    good: fc.oneof(fc.double({ min, max, noNaN: true }), integers(min, max)),
    wrong: wrong(`a number from ${min} to ${max}`, flags, texts, lists, objects, nothing, beyond(min, max), fc.constantFrom(min - 0.001, max + 0.001)),
  })),
  string: fc.nat(30).map((max) => ({
    define: { data_type: 'string', max_length: max },
    good: strings(0, max),
    wrong: wrong(`a string with a length of at most ${max}`, flags, lists, objects, nothing, fc.integer(), longer(max)),
  })),
  'string with a list': options.map((values) => ({
    define: { data_type: 'string', enum_list: values },
    good: fc.constantFrom(...values),
    wrong: wrong(`one of ${listed(values)}`, flags, lists, objects, nothing, fc.integer(), fc.constantFrom(...values).map((each) => `${each} `)),
  })),
  enum: options.map((values) => ({
    define: { data_type: 'enum', enum_list: values },
    good: fc.constantFrom(...values),
    wrong: wrong(`one of the strings ${listed(values)}`, flags, lists, objects, nothing, fc.integer(), fc.constantFrom(...values).map((each) => `${each}!`)),
  })),
  boolean: fc.constant({ define: { data_type: 'boolean' }, good: flags, wrong: wrong('true or false', fc.constantFrom(0, 1, 2), texts, lists, objects, nothing) }),
  DateTime: fc.constant({
    define: { data_type: 'DateTime' },
    good: dates.chain((date) => {
      const iso = date.toISOString();
      return fc.constantFrom(iso, iso.replace(/\.\d+/, ''), `${iso.replace(/[-:]/g, '').slice(0, 15)}Z`);
    }),
    wrong: wrong('a time in UTC such as "20250414T013000Z"', flags, texts, fc.constantFrom('2025-04-14', '20250229T000000Z', '20250414T240000Z', '2025-04-14T01:30:00+08:00'), fc.integer(), lists, objects, nothing),
  }),
  jsonObject: fc.constant({
    define: { data_type: 'jsonObject' },
    good: fc.dictionary(fc.constantFrom('a', '__proto__', 'constructor', '灯'), fc.jsonValue({ maxDepth: 2 })).map((value) => value as JsonValue),
    wrong: wrong('a JSON object', flags, texts, lists, fc.integer(), nothing),
  }),
  'string list': fc.constant({
    define: { data_type: 'string list' },
    good: fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { maxLength: 4 }),
    wrong: fc.oneof(
      fc.tuple(fc.array(fc.constantFrom('a', ''), { maxLength: 3 }), fc.oneof(flags, fc.integer(), nothing, lists)).map(([before, value]): Wrong => ({ value: [...before, value], at: `[${before.length}]`, allowed: 'an array of strings', status: 'an array of strings' })),
      wrong('an array of strings', flags, texts, objects, fc.integer(), nothing),
    ),
  }),
};
