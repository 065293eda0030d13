import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileModel, type Cloud, type Parameter, type ThingModel, type ValueType } from './index.ts';

/** A type, values that it allows, and values that it refuses. */
interface Sample {
  readonly type: ValueType;
  readonly good: fc.Arbitrary<unknown>;
  readonly bad: fc.Arbitrary<unknown>;
}

const names = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'a', 'b', 'c'), fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }));
const never = fc.constantFrom<unknown>(NaN, Infinity, -Infinity, null, undefined, () => 1, Symbol.iterator);
const outside = (min: number, max: number) => fc.oneof(fc.integer({ min: max + 1, max: max + 1000 }), fc.integer({ min: min - 1000, max: min - 1 }));
const wideOutside = (min: number, max: number) => fc.oneof(fc.bigInt({ min: BigInt(max) + 1n }), fc.bigInt({ max: BigInt(min) - 1n }));
const refused = (...more: fc.Arbitrary<unknown>[]) => fc.oneof(never, ...more);
const object = (entries: Iterable<readonly [string, unknown]>) => Object.fromEntries(entries);

const bounds = fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.nat(1000)).map(([min, size]) => ({ min, max: min + size }));
const int: fc.Arbitrary<Sample> = bounds.map(({ min, max }) => ({
  type: { kind: 'int', min, max },
  good: fc.oneof(fc.integer({ min, max }), fc.bigInt({ min: BigInt(min), max: BigInt(max) })),
  bad: refused(outside(min, max), fc.string(), fc.boolean(), wideOutside(min, max), fc.constant(min + 0.5), fc.constant([])),
}));
const decimal: fc.Arbitrary<Sample> = bounds.map(({ min, max }) => ({
  type: { kind: 'decimal', min, max },
  good: fc.oneof(fc.double({ min, max, noNaN: true }), fc.bigInt({ min: BigInt(min), max: BigInt(max) })),
  bad: refused(outside(min, max), fc.string(), fc.boolean(), wideOutside(min, max)),
}));
const text: fc.Arbitrary<Sample> = fc.nat(20).map((maxLength) => ({
  type: { kind: 'string', maxLength },
  good: fc.string({ maxLength }),
  bad: refused(fc.string({ minLength: maxLength + 1 }), fc.integer(), fc.boolean(), fc.constant(['a'])),
}));
const stringEnum: fc.Arbitrary<Sample> = fc.uniqueArray(names, { minLength: 1, maxLength: 5 }).map((values) => ({
  type: { kind: 'string-enum', options: values.map((value) => ({ value })) },
  good: fc.constantFrom(...values),
  bad: refused(fc.string().filter((value) => !values.includes(value)), fc.integer(), fc.boolean()),
}));

const long: fc.Arbitrary<Sample> = fc.constant({
  type: { kind: 'long' },
  good: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
  bad: refused(fc.bigInt({ min: 2n ** 63n, max: 2n ** 70n }), fc.bigInt({ min: 2n ** 63n, max: 2n ** 70n }).map(String), fc.double({ min: 2 ** 53 }), fc.boolean(), fc.constant(0.5)),
});
const dateTime: fc.Arbitrary<Sample> = fc.constant({
  type: { kind: 'date-time' },
  good: fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }).chain((date) => {
    const iso = date.toISOString();
    return fc.constantFrom(iso, iso.replace(/\.\d+/, ''), `${iso.replace(/[-:]/g, '').slice(0, 15)}Z`);
  }),
  bad: refused(fc.string(), fc.integer()),
});
const jsonObject: fc.Arbitrary<Sample> = fc.constant({
  type: { kind: 'json-object' },
  good: fc.dictionary(names, fc.jsonValue()),
  bad: refused(fc.string(), fc.array(fc.integer()), fc.dictionary(names, fc.constantFrom(NaN, undefined, 1n), { minKeys: 1 })),
});
const stringList: fc.Arbitrary<Sample> = fc.constant({
  type: { kind: 'string-list' },
  good: fc.array(fc.string()),
  bad: refused(fc.string(), fc.tuple(fc.string(), fc.integer()), fc.constant({})),
});
const trueOrFalse: fc.Arbitrary<Sample> = fc.constant({ type: { kind: 'boolean' }, good: fc.boolean(), bad: refused(fc.integer(), fc.string()) });

const zeroOrOne: fc.Arbitrary<Sample> = fc.constant({
  type: { kind: 'boolean' },
  good: fc.constantFrom(0, 1),
  bad: refused(fc.boolean(), fc.integer({ min: 2 }), fc.integer({ max: -1 }), fc.string()),
});
const intEnum: fc.Arbitrary<Sample> = fc.uniqueArray(fc.integer({ min: -9, max: 99 }), { minLength: 1, maxLength: 5 }).map((values) => ({
  type: { kind: 'int-enum', options: values.map((value) => ({ value })) },
  good: fc.constantFrom(...values),
  bad: refused(fc.integer({ min: 100 }), fc.constantFrom(...values).map(String), fc.boolean()),
}));
const timestamp: fc.Arbitrary<Sample> = fc.constant({
  type: { kind: 'timestamp' },
  good: fc.oneof(fc.integer({ min: 1e9, max: 1e10 - 1 }), fc.integer({ min: 1e12, max: 1e13 - 1 })),
  bad: refused(fc.integer({ max: 1e9 - 1 }), fc.integer({ min: 1e10, max: 1e12 - 1 }), fc.string()),
});
const structOf = (member: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> =>
  fc.uniqueArray(fc.tuple(names, member), { minLength: 1, maxLength: 4, selector: ([name]) => name }).map((members) => {
    const good = fc.subarray(members).chain((some) => fc.tuple(...some.map(([name, each]) => each.good.map((value) => [name, value] as const))).map(object));
    const spoilt = fc.constantFrom(...members).chain(([name, each]) => fc.tuple(good, each.bad).map(([values, bad]) => object([...Object.entries(values), [name, bad]])));
    const unknown = good.map((values) => object([...Object.entries(values), ['not declared', 1]]));
    return {
      type: { kind: 'struct', members: members.map(([name, { type }]) => ({ name, type, required: false })) },
      good,
      bad: refused(spoilt, unknown, fc.array(fc.integer()), fc.string()),
    };
  });
const arrayOf = (item: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> =>
  item.map(({ type, good, bad }) => ({
    type: { kind: 'array', items: type },
    good: fc.array(good, { maxLength: 5 }),
    bad: refused(fc.tuple(fc.array(good, { maxLength: 3 }), bad).map(([list, one]) => [...list, one]), fc.string(), fc.constant({})),
  }));

const flat = fc.oneof(int, decimal, text, stringEnum, intEnum, zeroOrOne, timestamp);
const samples: Record<Cloud, fc.Arbitrary<Sample>> = {
  huawei: fc.oneof(int, decimal, text, stringEnum, long, dateTime, jsonObject, stringList, trueOrFalse),
  tencent: fc.oneof(flat, structOf(flat), arrayOf(fc.oneof(int, decimal, text, structOf(flat)))),
};

/** A model with one service and a value of every property, all good; and the name of one property with a value that is not. */
const cases = (cloud: Cloud) =>
  fc.uniqueArray(fc.tuple(names, samples[cloud]), { minLength: 1, maxLength: 5, selector: ([name]) => name }).chain((members) => {
    const params: Parameter[] = members.map(([name, { type }]) => ({ name, type, required: true }));
    const service = {
      ...(cloud === 'huawei' && { name: 's' }),
      properties: params.map((each) => ({ ...each, readable: true, writable: true, observable: true })),
      commands: [{ name: 'c', args: params, outputs: [{ params }] }],
      events: [{ name: 'e', params }],
    };
    const model: ThingModel = { cloud, services: [service] };
    return fc.record({
      model: fc.constant(model),
      good: fc.tuple(...members.map(([name, each]) => each.good.map((value) => [name, value] as const))).map(object),
      spoilt: fc.constantFrom(...members).chain(([name, each]) => fc.tuple(fc.constant(name), each.bad)),
    });
  });

function verdicts(model: ThingModel, values: Record<string, unknown>) {
  const compiled = compileModel(model);
  const service = model.services[0]?.name;
  const group = { ...(service !== undefined && { service }), values };
  return [
    compiled.checkProperties([group], 'report'),
    compiled.checkProperties([group], 'set'),
    compiled.checkArgs(service, 'c', values),
    compiled.checkOutput(service, 'c', values),
    compiled.checkEvent(service, 'e', values),
  ];
}

describe.each<Cloud>(['huawei', 'tencent'])('for every model of %s', (cloud) => {
  it('values that its types allow pass', () => {
    fc.assert(
      fc.property(cases(cloud), ({ model, good }) => {
        expect(verdicts(model, good).filter((each) => each !== undefined)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('one wrong value never passes, and the violation names it', () => {
    fc.assert(
      fc.property(cases(cloud), ({ model, good, spoilt: [name, bad] }) => {
        const found = verdicts(model, object([...Object.entries(good), [name, bad]]));
        for (const each of found) {
          expect(each).toBeDefined();
          expect(each?.path).toContain(/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`);
          expect(each?.message.startsWith(`${each.path}: `)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a missing or an unknown parameter never passes', () => {
    fc.assert(
      fc.property(cases(cloud), fc.nat(), ({ model, good }, index) => {
        const entries = Object.entries(good);
        const [, , args, output, event] = verdicts(model, object(entries.filter((_, each) => each !== index % entries.length)));
        for (const each of [args, output, event]) expect(each?.reason).toBe('missing');
        const reasons = verdicts(model, object([...entries, ['not declared', 1]])).map((each) => each?.reason);
        expect(reasons).toEqual(['unknown-property', 'unknown-property', 'unknown-parameter', 'unknown-parameter', 'unknown-parameter']);
      }),
      { numRuns: 200 },
    );
  });
});
