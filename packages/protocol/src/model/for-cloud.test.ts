import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExact, stringifyExact } from '../json.ts';
import { compileModel, defineModel, forCloud, generateModelSource, toBoth, toHuaweiProfile, toTencentTemplate, type Cloud, type ReportOf } from './index.ts';
import { flat, lamp } from './lamp.fixtures.ts';

const huawei = forCloud(lamp, 'huawei');
const tencent = forCloud(lamp, 'tencent');

const seconds = fc.integer({ min: 1e9, max: 1e10 - 1 });
const at = fc.oneof(seconds, fc.integer({ min: 1e12, max: 1e13 - 1 }));
const time = at.map((value) => (value < 1e10 ? new Date(value * 1000).toISOString().replace('.000Z', 'Z') : new Date(value).toISOString()));
const safe = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
const record = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T, never>(shape, { requiredKeys: [] });

/** What a program may report, a long as it comes back. */
const reports = (long: fc.Arbitrary<bigint>) =>
  fc.array(
    fc.oneof(
      fc.record({
        service: fc.constant('light'),
        values: record<object>({
          on: fc.boolean(),
          brightness: fc.integer({ min: 0, max: 100 }),
          color: fc.constantFrom('red', 'green', '__proto__'),
          mode: fc.constantFrom('auto', 'eco'),
          label: fc.string({ minLength: 1, maxLength: 8 }),
          zone: fc.constantFrom('in', 'out'),
          temperature: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
          changedAt: at,
          bornAt: time,
          pos: record({ x: fc.integer(), lit: fc.boolean(), tint: fc.constantFrom('warm', 'cold') }),
          tags: fc.array(fc.string()),
          names: fc.array(fc.string()),
          ['__proto__']: fc.boolean(),
        }),
      }),
      fc.record({ service: fc.constant('meter'), values: record<object>({ energy: long, constructor: fc.integer() }) }),
    ),
    { maxLength: 3 },
  ) as unknown as fc.Arbitrary<readonly ReportOf<typeof lamp>[]>;

const onWire = <T>(value: T): T => parseExact(stringifyExact(value)) as T;
const isEmpty = ({ values }: { readonly values: object }) => Object.keys(values).length === 0;

describe.each<[Cloud, fc.Arbitrary<bigint>]>([
  ['huawei', fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })],
  ['tencent', safe],
])('a model on %s', (cloud, long) => {
  const { model, check, toWire, fromWire } = forCloud(lamp, cloud);
  const wire = compileModel(model);

  it('takes every value that the program may give, in the form of the cloud, and gives it back', () => {
    fc.assert(
      fc.property(reports(long), (groups) => {
        expect(check.checkProperties(groups, 'report')).toBeUndefined();
        const sent = onWire(toWire.properties(groups));
        // A decimal of 1e17 is read as a bigint, which the check takes for a decimal.
        expect(wire.checkProperties(sent, 'report')).toBeUndefined();
        const back = fromWire.properties(sent);
        expect(check.checkProperties(back.filter((group) => !isEmpty(group)), 'report')).toBeUndefined();
        const numbers = (value: unknown) => JSON.parse(JSON.stringify(value, (name, each: unknown) => (typeof each === 'bigint' ? (name === 'temperature' ? Number(each) : `${each}n`) : each))) as unknown;
        expect(numbers(back.filter((group) => !isEmpty(group)))).toEqual(numbers(groups.filter((group) => !isEmpty(group))));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves what does not fit as it is, for the check to refuse', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('on', 'color', 'bornAt', 'pos', 'energy', '__proto__', 'x'), fc.anything()), (values) => {
        const before = structuredCloneable(values);
        for (const direction of [toWire, fromWire]) {
          for (const service of ['light', 'meter', undefined]) expect(() => direction.properties([{ service, values }])).not.toThrow();
        }
        expect(structuredCloneable(values)).toBe(before);
      }),
    );
  });

  it('writes a file that the cloud takes', () => {
    expect(() => (cloud === 'huawei' ? toHuaweiProfile(lamp) : toTencentTemplate(lamp))).not.toThrow();
  });
});

/** Names and kinds are enough to see that nothing was changed. */
const structuredCloneable = (values: object) => JSON.stringify(Object.entries(values).map(([name, value]) => [name, typeof value]));

describe('what is no model', () => {
  // The literal that defineModel() reads, a vendor's file, and nothing at all.
  it.each([{ services: { light: {} } }, [{ service_id: 'light' }], { properties: [], events: [], actions: [] }, null, undefined, 'lamp'])('(%j) is refused in words by all that take one', (wrong) => {
    const refused = expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(/no thing model: what defineModel\(\), readHuaweiProfile\(\) or readTencentTemplate\(\) gives/) });
    for (const use of [compileModel, toBoth, toHuaweiProfile, toTencentTemplate, generateModelSource, (model: never) => forCloud(model, 'huawei'), (model: never) => forCloud(model, 'tencent')]) expect(() => use(wrong as never)).toThrow(refused);
  });
});

describe('the form on the wire', () => {
  const groups = [
    { service: 'light', values: { on: true, color: 'green', changedAt: 1732233333, bornAt: '2024-11-21T23:55:33.007Z', pos: { lit: false, tint: 'cold' } }, at: 5 },
    { service: 'meter', values: { energy: '42' } },
  ] as const;

  it('is flat on Tencent, with numbers for booleans, enums and times', () => {
    const sent = tencent.toWire.properties(groups);
    expect(sent).toEqual([{ values: { on: 1, color: 1, changedAt: 1732233333, bornAt: 1732233333007, pos: { lit: 0, tint: 2 } }, at: 5 }, { values: { energy: 42 } }]);
    expect(tencent.fromWire.properties([{ values: { on: 0, energy: 7, color: 2, ['__proto__']: 1 }, at: 9 }])).toEqual([
      { service: 'light', values: { on: false, color: '__proto__', ['__proto__']: true }, at: 9 },
      { service: 'meter', values: { energy: 7n }, at: 9 },
    ]);
  });

  it('keeps services, booleans and names on Huawei', () => {
    expect(huawei.toWire.properties(groups)).toEqual([
      { service: 'light', values: { on: true, color: 'green', changedAt: '2024-11-21T23:55:33Z', bornAt: '2024-11-21T23:55:33.007Z', pos: { lit: false, tint: 'cold' } }, at: 5 },
      { service: 'meter', values: { energy: 42 } },
    ]);
  });

  it('has integers beyond 2^53 exactly on Huawei, and refuses them by name on Tencent', () => {
    const energy = 2n ** 53n + 1n;
    for (const given of [energy, String(energy)]) {
      const [sent] = huawei.toWire.properties([{ service: 'meter', values: { energy: given } }]);
      expect(stringifyExact(sent)).toBe('{"service":"meter","values":{"energy":9007199254740993}}');
      expect(huawei.fromWire.properties([onWire(sent) as never])).toEqual([{ service: 'meter', values: { energy } }]);
    }
    expect(tencent.check.checkProperties([{ service: 'meter', values: { energy } }], 'report')).toMatchObject({ path: 'properties.meter.energy', reason: 'out-of-range' });
  });

  it('refuses by name an integer that was rounded before it came here', () => {
    const read = huawei.fromWire.properties([{ service: 'meter', values: JSON.parse('{"energy":9007199254740993}') as object as never }]);
    expect(huawei.check.checkProperties(read, 'set')).toMatchObject({ path: 'properties.meter.energy', reason: 'unsafe-integer' });
  });

  it('of commands and events finds the service by the name on Tencent', () => {
    expect(tencent.fromWire.call({ name: 'blink', args: { times: 3, soft: 1 }, at: 5 })).toEqual({ service: 'light', name: 'blink', args: { times: 3, soft: true }, at: 5 });
    expect(tencent.toWire.call({ service: 'light', name: 'blink', args: { times: 3, soft: true } })).toEqual({ name: 'blink', args: { times: 3, soft: 1 } });
    expect(tencent.toWire.output({ service: 'light', name: 'blink' }, { done: true, total: 5n })).toEqual({ done: 1, total: 5 });
    expect(tencent.fromWire.output({ name: 'blink' }, { done: 1, total: 5 })).toEqual({ done: true, total: 5n });
    const event = { service: 'light', name: 'overheated', params: { celsius: 90, lit: true } };
    expect(tencent.toWire.event(event)).toEqual({ name: 'overheated', severity: 'alert', params: { celsius: 90, lit: 1 } });
    expect(tencent.fromWire.event(tencent.toWire.event(event))).toEqual({ ...event, severity: 'alert' });
    expect(huawei.toWire.event(event)).toEqual(event);
  });

  it('of an answer is that of the response it belongs to', () => {
    const { toWire } = forCloud(defineModel({ services: { s: { commands: { c: { responses: { a: { x: 'timestamp' }, b: { x: 'long', y: 'int' } } } } } } }), 'huawei');
    const of = { service: 's', name: 'c' };
    expect(toWire.output(of, { x: 1732233333, y: 1 })).toEqual({ x: 1732233333, y: 1 });
    expect(toWire.output(of, { x: 1732233333 })).toEqual({ x: '2024-11-21T23:55:33Z' });
    expect(toWire.output(of, { x: '5' }, 'b')).toEqual({ x: 5 });
    expect(toWire.output({ name: 'unknown' }, { x: 1 })).toEqual({ x: 1 });
  });

  it('of a name that Tencent made up comes without a service, and is refused by its name', () => {
    const read = tencent.fromWire.properties([{ values: { on: 1, of: 1 } }]);
    expect(read).toEqual([{ service: 'light', values: { on: true } }, { values: { of: 1 } }]);
    expect(tencent.check.checkProperties(read, 'set')).toMatchObject({ path: 'properties.of', reason: 'unknown-property', message: expect.stringContaining('allowed: on, brightness') });
    expect(tencent.check.checkArgs(undefined, 'explode', {})).toMatchObject({ path: 'commands.explode', reason: 'unknown-command' });
  });

  it('of a model without services is the same but for the values', () => {
    const { toWire, fromWire, check } = forCloud(flat, 'tencent');
    expect(toWire.properties([{ values: { on: true, points: [{ x: 1 }] } }])).toEqual([{ values: { on: 1, points: [{ x: 1 }] } }]);
    expect(fromWire.call({ name: 'go', args: { fast: 0 } })).toEqual({ name: 'go', args: { fast: false } });
    expect(check.checkArgs(undefined, 'go', { fast: false })).toBeUndefined();
  });
});

describe('what a cloud has no place for', () => {
  const model = defineModel({
    services: {
      s: {
        properties: {
          scene: 'json-object',
          path: { type: 'array', items: { type: 'struct', members: { x: 'int' } } },
          pos: { type: 'struct', members: { x: 'int', 灯: 'int' } },
          total: 'long',
          small: { type: 'long', min: 0, max: 9 },
          huge: { type: 'long', min: 2n ** 60n },
          温度: 'decimal',
          'a b': 'int',
          blank: { type: 'enum', values: ['', 'x'] },
        },
        commands: {
          play: { args: { scene: 'json-object', loud: { type: 'boolean', required: false } } },
          stop: { args: { scene: { type: 'json-object', required: false } }, responses: { ok: { n: 'int' }, no: { why: 'string' } } },
        },
        events: { e: { params: { list: { type: 'array', items: 'int' } } } },
      },
    },
  });

  it.each<[Cloud, object]>([
    [
      'tencent',
      {
        'left-out': ['properties.s.scene', 'properties.s.pos["灯"]', 'properties.s.huge', 'properties.s["温度"]', 'properties.s["a b"]', 'properties.s.blank', 'commands.s.play.args.scene', 'commands.s.play', 'commands.s.stop.args.scene'],
        changed: ['properties.s.total', 'commands.s.stop.output'],
      },
    ],
    ['huawei', { 'left-out': ['properties.s.path', 'properties.s["a b"]', 'events.s.e.list', 'events.s.e'], changed: ['properties.s.pos'] }],
  ])('is told of %s', (cloud, expected) => {
    const { problems, model: part } = forCloud(model, cloud);
    expect(Object.groupBy(problems.map(({ effect, path }) => ({ effect, path })), ({ effect }) => effect)).toEqual(
      Object.fromEntries(Object.entries(expected).map(([effect, paths]) => [effect, (paths as string[]).map((path) => ({ effect, path }))])),
    );
    for (const { path, message } of problems) expect(message.startsWith(`${path}: `)).toBe(true);
    expect(() => (cloud === 'huawei' ? toHuaweiProfile(part) : toTencentTemplate(part))).not.toThrow();
  });

  it('is refused with the reason', () => {
    const { check } = forCloud(model, 'tencent');
    expect(check.checkProperties([{ service: 's', values: { scene: {} } }], 'report')).toMatchObject({
      reason: 'unknown-property',
      message: 'properties.s.scene: Tencent has no type for a JSON object without declared members',
    });
    expect(check.checkArgs('s', 'play', {})).toMatchObject({ message: 'commands.s.play: it cannot be sent without what is left out of it' });
    expect(check.checkProperties([{ service: 's', values: { small: 9, total: 5n } }], 'report')).toBeUndefined();
  });

  it('is nothing for a model that both have', () => {
    expect(forCloud(lamp, 'tencent').problems.map(({ path, effect }) => [path, effect])).toEqual([
      ['commands.light.blink.args.soft', 'changed'],
      ['commands.light.blink.output.total', 'changed'],
      ['properties.meter.energy', 'changed'],
      ['commands.meter.reset.args.to', 'changed'],
    ]);
  });

  it('is the same name in two services on Tencent, and the error names both', () => {
    const same = { properties: { on: 'boolean' }, commands: { go: {} } } as const;
    const model = defineModel({ services: { a: same, b: same } });
    expect(() => forCloud(model, 'tencent')).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('properties.a.on and properties.b.on, commands.a.go and commands.b.go') }),
    );
    expect(forCloud(model, 'huawei').problems).toEqual([]);
  });
});
