import fc from 'fast-check';
import type { Command, CommandOutput, Event, EventType, Option, Parameter, Property, Service, ThingModel, ValueType } from './model.ts';

const HOSTILE = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'a', 'b', '7', '10'];
const texts = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
  fc.constantFrom("it's", '"', '\\', '*/', '// x', '\u2028', '\ufeff', '`$', '中文', '\ud800'),
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
/** A record without the members that are undefined. */
const exact = <T>(shape: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(shape).map((value) => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T);

const huaweiNames = fc.oneof(fc.constantFrom(...HOSTILE, "中文_?'#().,&%@!-"), fc.stringMatching(/^[\p{L}\p{N}_?'#().,&%@!-]{1,20}$/u));
const tencentNames = fc.oneof(fc.constantFrom(...HOSTILE), fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/));

function unique<T extends { readonly name: string }>(arbitrary: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<readonly T[]> {
  return fc.uniqueArray(arbitrary, { maxLength, selector: ({ name }) => name }).map(inObjectOrder);
}

/** In the order that an object has its keys in. */
function inObjectOrder<T extends { readonly name?: string }>(list: readonly T[]): readonly T[] {
  return Object.values(Object.fromEntries(list.map((each) => [`${each.name ?? ''}`, each])));
}

const range = <N extends number | bigint>(number: fc.Arbitrary<N>) =>
  fc.tuple(optional(number), optional(number)).map(([a, b]) => (a !== undefined && b !== undefined && a > b ? { min: b, max: a } : { min: a, max: b }));
const integers = fc.maxSafeInteger().map((value) => value + 0);
const decimals = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const steps = fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function scale<K extends 'int' | 'long' | 'decimal', N extends number | bigint>(kind: K, number: fc.Arbitrary<N>, hasStart: boolean): fc.Arbitrary<ValueType> {
  return fc.tuple(range(number), optional(steps), optional(hasStart ? decimals : fc.constant(undefined)), optional(fc.string({ minLength: 1, maxLength: 16 }))).map(
    ([bounds, step, start, unit]) => plain({ kind, ...bounds, step, start, unit }) as ValueType,
  );
}

const plain = (value: object): object => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
const values = fc.uniqueArray(texts, { minLength: 1, maxLength: 5 });
/** Node 24.21 (V8 13.6) reads a key of one character that JSON escapes as `\\`, once it has seen others: `{"\\n":1,"\\"":1}`. */
const isReadable = (key: string) => !/^["\\\u0000-\u001f\ud800-\udfff]$/.test(key);
const lengths = optional(fc.nat(2048));

const huaweiTypes: fc.Arbitrary<ValueType> = fc.oneof(
  scale('int', integers, false),
  scale('long', int64, false),
  scale('decimal', decimals, false),
  fc.tuple(lengths, optional(values)).map(([maxLength, list]) => plain({ kind: 'string', maxLength, options: list?.map((value) => ({ value })) }) as ValueType),
  values.map((list): ValueType => ({ kind: 'string-enum', options: list.map((value) => ({ value })) })),
  fc.constant<ValueType>({ kind: 'boolean' }),
  fc.tuple(fc.constantFrom('date-time', 'json-object', 'string-list'), lengths).map(([kind, maxLength]) => plain({ kind, maxLength }) as ValueType),
);

const mapping = <V extends string | number>(keys: fc.Arbitrary<V>) =>
  fc
    .uniqueArray(keys, { minLength: 1, maxLength: 5 })
    .chain((list) => fc.tuple(...list.map((value) => fc.oneof(texts, fc.constantFrom('', 'twice', 'twice 1', '0', '1')).map((label): Option<V> => ({ value, label })))))
    // The order in which a JSON object gives them.
    .map((options) => Object.values(Object.fromEntries(options.map((each) => [String(each.value), each]))));

const tencentFlat: fc.Arbitrary<ValueType> = fc.oneof(
  scale('int', integers, true),
  scale('decimal', decimals, true),
  range(fc.nat(2048)).map(({ min, max }) => plain({ kind: 'string', minLength: min, maxLength: max }) as ValueType),
  fc.tuple(texts, texts).map(([off, on]): ValueType => ({ kind: 'boolean', labels: { off, on } })),
  mapping(fc.oneof(texts.filter(isReadable), fc.constantFrom(...HOSTILE))).map((options): ValueType => ({ kind: 'string-enum', options })),
  mapping(fc.integer({ min: -9, max: 99 })).map((options): ValueType => ({ kind: 'int-enum', options })),
  fc.constant<ValueType>({ kind: 'timestamp' }),
);

const tencentHead = { name: tencentNames, title: texts, description: optional(texts) };
const structs = (member: fc.Arbitrary<ValueType>): fc.Arbitrary<ValueType> =>
  unique(exact<Parameter>({ ...tencentHead, type: member, required: fc.constant(false) } as never), 4)
    .filter((members) => members.length > 0)
    .map((members) => ({ kind: 'struct', members }));
const tencentTypes = fc.oneof(
  { weight: 3, arbitrary: tencentFlat },
  { weight: 1, arbitrary: structs(tencentFlat) },
  {
    weight: 1,
    arbitrary: fc.oneof(scale('int', integers, true), scale('decimal', decimals, true), fc.constant<ValueType>({ kind: 'string' }), structs(tencentFlat)).map((items): ValueType => ({ kind: 'array', items })),
  },
);

// Without -0, which JSON.stringify writes as 0, and with keys that are read as they were written.
const defaults = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value))).filter((value) => value !== null && !/"\\(.|u.{4})":/.test(JSON.stringify(value)));
const huaweiParameter = { name: huaweiNames, description: optional(texts), type: huaweiTypes, required: fc.boolean(), defaultValue: optional(defaults) };
const huaweiParameters = unique(exact<Parameter>(huaweiParameter as never), 4);
const flags = fc.constantFrom('R', 'W', 'E', 'RW', 'RE', 'WE', 'RWE').map((method) => ({ readable: method.includes('R'), writable: method.includes('W'), observable: method.includes('E') }));
const property = (parameter: fc.Arbitrary<Parameter>, access: fc.Arbitrary<Pick<Property, 'readable' | 'writable' | 'observable'>>) =>
  fc.tuple(parameter, access).map(([each, flag]): Property => ({ ...each, ...flag }));

/** Models as a Huawei profile may have them. */
export const huaweiModels: fc.Arbitrary<ThingModel<'huawei'>> = unique(
  exact<Service & { name: string }>({
    name: huaweiNames,
    type: optional(texts),
    option: optional(fc.constantFrom('Master', 'Mandatory', 'Optional')),
    description: optional(texts),
    properties: unique(property(exact<Parameter>(huaweiParameter as never), flags), 5),
    commands: unique(
      exact<Command>({
        name: huaweiNames,
        args: huaweiParameters,
        outputs: unique(exact<CommandOutput & { name: string }>({ name: huaweiNames, params: huaweiParameters }), 3),
      } as never),
      3,
    ),
    events: unique(exact<Event>({ name: huaweiNames, params: huaweiParameters } as never), 3),
  }),
  3,
).map((services) => ({ cloud: 'huawei', services }));

const tencentParameters = unique(exact<Parameter>({ ...tencentHead, type: tencentTypes, required: fc.constant(true) } as never), 4);

/** Models as a Tencent template may have them that a console has written: with titles and labels. */
export const tencentModels: fc.Arbitrary<ThingModel<'tencent'>> = fc
  .tuple(
    exact<Service>({
      properties: unique(
        property(
          exact<Parameter>({ ...tencentHead, type: tencentTypes, required: fc.boolean() } as never),
          fc.boolean().map((writable) => ({ readable: true, writable, observable: true })),
        ),
        6,
      ),
      commands: unique(
        exact<Command>({ ...tencentHead, required: optional(fc.boolean()), args: tencentParameters, outputs: tencentParameters.map((params) => [{ params }]) }),
        3,
      ),
      events: unique(
        exact<Event>({ ...tencentHead, required: optional(fc.boolean()), type: fc.constantFrom<EventType>('info', 'alert', 'fault'), params: tencentParameters }),
        3,
      ),
    } as never),
    optional(fc.string({ minLength: 1 })),
    optional(fc.string({ minLength: 1 })),
  )
  .map(([service, productId, categoryId]) => ({ cloud: 'tencent', services: [service], version: '1.0', ...plain({ productId, categoryId }) }));
