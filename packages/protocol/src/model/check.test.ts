import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileModel, readHuaweiProfile, readTencentTemplate, violationError, type CompiledModel, type Violation } from './index.ts';

const read = (file: string) => JSON.parse(readFileSync(new URL(`../../fixtures/models/${file}`, import.meta.url), 'utf8'));
const tencent = compileModel(readTencentTemplate(read('tencent-template.json')));
const lamp = compileModel(readHuaweiProfile(read('huawei-lamp.json').service_capabilities));

/** A Huawei product whose service `s` has one property `p`. */
const huaweiOf = (extra: object) => compileModel(readHuaweiProfile([{ service_id: 's', properties: [{ property_name: 'p', method: 'RW', ...extra }] }]));
const tencentOf = (define: object) => compileModel(readTencentTemplate({ properties: [{ id: 'p', mode: 'rw', define }] }));
const report = (model: CompiledModel, p: unknown) => model.checkProperties([{ ...(model.model.cloud === 'huawei' && { service: 's' }), values: { p } }], 'report');
const short = (violation: Violation | undefined) => violation && [violation.path, violation.reason];

const big = 2 ** 53;

describe('values of a Huawei property', () => {
  it.each<[object, unknown[], [unknown, string][]]>([
    [
      { data_type: 'int', min: '0', max: '10' },
      [0, 10, 5, -0, 5n],
      [[-1, 'out-of-range'], [11n, 'out-of-range'], [2n ** 64n, 'out-of-range'], [11, 'out-of-range'], [1.5, 'wrong-type'], ['5', 'wrong-type'], [true, 'wrong-type'], [null, 'wrong-type'], [NaN, 'wrong-type'], [Infinity, 'wrong-type'],  [undefined, 'wrong-type'], [{}, 'wrong-type'], [[1], 'wrong-type']],
    ],
    [{ data_type: 'int' }, [2 ** 31 - 1, -(2 ** 31)], [[2 ** 31, 'out-of-range'], [-(2 ** 31) - 1, 'out-of-range'], [1e20, 'out-of-range'], [2n ** 53n, 'out-of-range']]],
    [{ data_type: 'int', max: '5' }, [-(2 ** 31), 5], [[6, 'out-of-range'], [-(2 ** 31) - 1, 'out-of-range']]],
    [{ data_type: 'int', min: '0', max: '1744594200000' }, [1744594200000], [[1744594200001, 'out-of-range']]],
    [{ data_type: 'int', min: '-3000000000' }, [-3e9, 3e9], [[-3e9 - 1, 'out-of-range']]],
    [{ data_type: 'int', min: '3000000000' }, [3e9, big - 1], [[2, 'out-of-range'], [big, 'out-of-range']]],
    [
      { data_type: 'long' },
      [0, big - 1, -(big - 1), 5n, 2n ** 63n - 1n, -(2n ** 63n), '0', '-1', '9223372036854775807', '-9223372036854775808'],
      [[big, 'unsafe-integer'], [-big, 'unsafe-integer'], [1e300, 'unsafe-integer'], [1.5, 'wrong-type'], [NaN, 'wrong-type'], [Infinity, 'wrong-type'], [2n ** 63n, 'out-of-range'], [-(2n ** 63n) - 1n, 'out-of-range'], ['9223372036854775808', 'out-of-range'], ['9'.repeat(1_000_000), 'out-of-range'], ['1e3', 'wrong-type'], ['0x1', 'wrong-type'], ['01', 'wrong-type'], ['', 'wrong-type'], [' 1', 'wrong-type'], [true, 'wrong-type']],
    ],
    [
      { data_type: 'long', min: '10', max: '9007199254740993' },
      [10, 9007199254740993n, '9007199254740993', big - 1],
      [[9, 'out-of-range'], [9n, 'out-of-range'], ['9', 'out-of-range'], [9007199254740994n, 'out-of-range'], ['9007199254740994', 'out-of-range']],
    ],
    [{ data_type: 'long', min: '9007199254740993' }, [9007199254740993n], [[big - 1, 'out-of-range'], [9007199254740992n, 'out-of-range']]],
    [{ data_type: 'decimal', min: '-40', max: '125.5' }, [-40, 125.5, 0, 1n], [[126n, 'out-of-range'], [125.51, 'out-of-range'], [-40.01, 'out-of-range'], ['1', 'wrong-type'], [NaN, 'wrong-type'], [-Infinity, 'wrong-type']]],
    [{ data_type: 'decimal' }, [1e308, -1e308, 0.1, 10n ** 17n], [[Infinity, 'wrong-type']]],
    [{ data_type: 'decimal', step: 1 }, [0.5], []],
    [{ data_type: 'string', max_length: 3 }, ['', 'abc', '中文字'], [['abcd', 'too-long'], [1, 'wrong-type'], [null, 'wrong-type']]],
    [{ data_type: 'string' }, ['x'.repeat(10_000)], [[true, 'wrong-type']]],
    [{ data_type: 'string', enum_list: ['a', 'b'] }, ['a'], [['c', 'not-in-enum']]],
    [{ data_type: 'boolean' }, [true, false], [[1, 'wrong-type'], [0, 'wrong-type'], ['true', 'wrong-type'], [null, 'wrong-type']]],
    [{ data_type: 'enum', enum_list: ['ON', 'OFF'] }, ['ON'], [['on', 'not-in-enum'], ['', 'not-in-enum'], [0, 'wrong-type'], ['__proto__', 'not-in-enum'], ['constructor', 'not-in-enum']]],
    [
      { data_type: 'DateTime' },
      ['20250414T013000Z', '2025-04-14T01:30:00.123Z', '2025-04-14T01:30:00Z', '20240229T000000Z'],
      [['20250229T000000Z', 'wrong-type'], ['20250431T000000Z', 'wrong-type'], ['20250414T240000Z', 'wrong-type'], ['20251314T000000Z', 'wrong-type'], ['2025-04-14', 'wrong-type'], ['20250414T013000', 'wrong-type'], ['', 'wrong-type'], [1744594200000, 'wrong-type']],
    ],
    [{ data_type: 'string list' }, [[], ['a', '']], [['a', 'wrong-type'], [{}, 'wrong-type'], [null, 'wrong-type']]],
    [{ data_type: 'jsonObject' }, [{}, { a: [1, null, 'x', { b: true }] }, JSON.parse('{"__proto__":1}')], [[[], 'wrong-type'], [null, 'wrong-type'], ['{}', 'wrong-type']]],
  ])('are judged by %j', (type, good, bad) => {
    const model = huaweiOf(type);
    for (const value of good) expect(report(model, value), String(value)).toBeUndefined();
    for (const [value, reason] of bad) expect(short(report(model, value)), String(value)).toEqual(['properties.s.p', reason]);
  });

  it('names the element of a string list', () => {
    expect(short(report(huaweiOf({ data_type: 'string list' }), ['a', 1]))).toEqual(['properties.s.p[1]', 'wrong-type']);
  });

  it('names the place in a JSON object that JSON cannot say', () => {
    const model = huaweiOf({ data_type: 'jsonObject' });
    expect(short(report(model, { a: [1, { 'b c': NaN }] }))).toEqual(['properties.s.p.a[1]["b c"]', 'wrong-type']);
    expect(short(report(model, { a: undefined }))).toEqual(['properties.s.p.a', 'wrong-type']);
    expect(short(report(model, { a: 1n }))).toEqual(['properties.s.p.a', 'wrong-type']);
  });

  it('refuses a JSON object that refers to itself or is nested without end', () => {
    const round: Record<string, unknown> = {};
    round['a'] = round;
    expect(report(huaweiOf({ data_type: 'jsonObject' }), round)?.reason).toBe('wrong-type');
    const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`);
    expect(report(huaweiOf({ data_type: 'jsonObject' }), deep)?.message).toContain('nested at most 64 deep');
  });

  it('says how to give a long that a number does not hold', () => {
    expect(report(huaweiOf({ data_type: 'long' }), big)?.message).toBe(
      'properties.s.p: 9007199254740992 was given as a JavaScript number, which does not hold integers beyond 2^53 - 1 exactly: ' +
        'give it as a bigint or a string of digits; allowed: an integer from -9223372036854775808 to 9223372036854775807, beyond 2^53 - 1 as a bigint or a string of digits',
    );
  });

  it('says what was given and what is allowed', () => {
    expect(report(huaweiOf({ data_type: 'decimal', min: '-40', max: '125', unit: '°C' }), 130)).toEqual({
      path: 'properties.s.p',
      reason: 'out-of-range',
      message: 'properties.s.p: 130 was given; allowed: a number from -40 to 125 (°C)',
      field: 'p',
      given: '130',
      type: { kind: 'decimal', min: -40, max: 125, unit: '°C' },
    });
    expect(report(huaweiOf({ data_type: 'string', max_length: 5 }), 'x'.repeat(100))?.message).toBe(
      `properties.s.p: "${'x'.repeat(48)}"… (100 characters) was given, which is too long; allowed: a string with a length of at most 5`,
    );
    expect(report(huaweiOf({ data_type: 'enum', enum_list: ['A', 'B'] }), 'C')?.message).toBe('properties.s.p: "C" was given; allowed: one of the strings "A", "B"');
  });
});

describe('values of a Tencent property', () => {
  it.each<[object, unknown[], [unknown, string][]]>([
    [{ type: 'bool' }, [0, 1], [[true, 'wrong-type'], [false, 'wrong-type'], [2, 'out-of-range'], ['1', 'wrong-type'], [NaN, 'out-of-range'], [2n ** 53n, 'out-of-range'], [null, 'wrong-type']]],
    [{ type: 'int', min: '0', max: '100', step: '10' }, [0, 100, 7], [[101, 'out-of-range'], [-1, 'out-of-range'], [1.5, 'wrong-type'], ['1', 'wrong-type'], [true, 'wrong-type'], [NaN, 'wrong-type']]],
    [{ type: 'int' }, [2 ** 40, -(2 ** 40), 2n ** 40n], [[big, 'out-of-range'], [2n ** 53n, 'out-of-range'], [-(2n ** 53n), 'out-of-range']]],
    [{ type: 'float', min: '-40', max: '125', step: '0.1' }, [20.123456, -40, 125], [[125.1, 'out-of-range'], ['1.5', 'wrong-type'], [Infinity, 'wrong-type']]],
    [{ type: 'enum', mapping: { 0: 'Red', 2: 'Blue' } }, [0, 2], [[1, 'not-in-enum'], ['0', 'wrong-type'], [true, 'wrong-type'], [NaN, 'not-in-enum'], [0.5, 'not-in-enum'], [2n ** 53n, 'not-in-enum']]],
    [{ type: 'stringenum', mapping: { low: 'L', high: 'H' } }, ['low'], [['L', 'not-in-enum'], ['toString', 'not-in-enum'], [0, 'wrong-type']]],
    [{ type: 'string', min: '2', max: '3' }, ['', 'abc'], [['abcd', 'too-long'], [1, 'wrong-type']]],
    [{ type: 'timestamp' }, [1744594200, 1744594200000, 1e9, 1e10 - 1, 1e12, 1e13 - 1], [[0, 'out-of-range'], [1e9 - 1, 'out-of-range'], [1e10, 'out-of-range'], [1e12 - 1, 'out-of-range'], [1e13, 'out-of-range'], [17445942000, 'out-of-range'], [-1744594200, 'out-of-range'], [1744594200.5, 'wrong-type'], [2n ** 53n, 'out-of-range'], ['1744594200', 'wrong-type']]],
    [{ type: 'struct', specs: [{ id: 'x', dataType: { type: 'int', min: '0', max: '9' } }] }, [{}, { x: 1 }], [[[], 'wrong-type'], [null, 'wrong-type'], ['{}', 'wrong-type']]],
    [{ type: 'array', arrayInfo: { type: 'float' } }, [[], [1, 1.5]], [[{}, 'wrong-type'], [1, 'wrong-type'], ['1', 'wrong-type']]],
  ])('are judged by %j', (define, good, bad) => {
    const model = tencentOf(define);
    for (const value of good) expect(report(model, value), String(value)).toBeUndefined();
    for (const [value, reason] of bad) expect(short(report(model, value)), String(value)).toEqual(['properties.p', reason]);
  });

  it.each<[Record<string, unknown>, string, string]>([
    [{ pos: { x: 101 } }, 'properties.pos.x', 'out-of-range'],
    [{ pos: { on: true } }, 'properties.pos.on', 'wrong-type'],
    [{ pos: { y: 1 } }, 'properties.pos.y', 'unknown-member'],
    [{ pos: JSON.parse('{"__proto__":1}') }, 'properties.pos.__proto__', 'unknown-member'],
    [{ ints: [1, 2, 300] }, 'properties.ints[2]', 'out-of-range'],
    [{ ints: [1, , 3] }, 'properties.ints[1]', 'wrong-type'],  
    [{ recs: [{ k: 'a' }, { k: 'x'.repeat(33) }] }, 'properties.recs[1].k', 'too-long'],
    [{ recs: [{}, 5] }, 'properties.recs[1]', 'wrong-type'],
  ])('name the place inside a struct or an array: %j', (values, path, reason) => {
    expect(short(tencent.checkProperties([{ values }], 'report'))).toEqual([path, reason]);
  });

  it('keep the least length of a string inside a struct or an array', () => {
    const text = { type: 'string', min: '2', max: '3' };
    expect(report(tencentOf({ type: 'array', arrayInfo: text }), ['ab', 'a'])?.reason).toBe('too-short');
    expect(report(tencentOf({ type: 'struct', specs: [{ id: 'k', dataType: text }] }), { k: '' })?.reason).toBe('too-short');
  });
});

describe('a report or a set', () => {
  it('passes the values of the example template', () => {
    const values = { power_switch: 1, color: 2, brightness: 50, temp: 20.5, name: 'lamp', work_mode: 'eco', last_seen: 1744594200, pos: { x: 3, on: 0, t: 1744594200000 }, ints: [0, 100], recs: [{ k: 'v' }] };
    expect(tencent.checkProperties([{ values }], 'report')).toBeUndefined();
    const { temp: _, last_seen: __, ...writable } = values;
    expect(tencent.checkProperties([{ values: writable }], 'set')).toBeUndefined();
  });

  it('may name any subset of the properties, required ones or not', () => {
    expect(tencent.checkProperties([{ values: { color: 0 } }], 'report')).toBeUndefined();
    expect(lamp.checkProperties([{ service: 'light', values: {} }], 'report')).toBeUndefined();
    expect(lamp.checkProperties([], 'report')).toBeUndefined();
  });

  it('checks every group', () => {
    expect(short(lamp.checkProperties([{ service: 'light', values: { on: 1 } }, { service: 'light', values: { on: 2 } }], 'report'))).toEqual(['properties.light.on', 'out-of-range']);
  });

  it('refuses to set what is read-only, whatever the value', () => {
    expect(tencent.checkProperties([{ values: { color: 0, temp: 20 } }], 'set')).toMatchObject({ path: 'properties.temp', reason: 'not-writable' });
    expect(short(tencent.checkProperties([{ values: { temp: 'hot' } }], 'set'))).toEqual(['properties.temp', 'not-writable']);
    expect(short(tencent.checkProperties([{ values: { color: 9 } }], 'set'))).toEqual(['properties.color', 'not-in-enum']);
    expect(short(huaweiOf({ data_type: 'int', method: 'RE' }).checkProperties([{ service: 's', values: { p: 1 } }], 'set'))).toEqual(['properties.s.p', 'not-writable']);
    expect(huaweiOf({ data_type: 'int', method: 'W' }).checkProperties([{ service: 's', values: { p: 1 } }], 'set')).toBeUndefined();
  });

  it('refuses unknown properties and services by name', () => {
    expect(tencent.checkProperties([{ values: { colour: 0 } }], 'report')?.message).toBe(
      'properties.colour: the thing model has no property "colour" here; allowed: power_switch, color, brightness, temp, name, work_mode, last_seen, pos, ints, recs',
    );
    expect(lamp.checkProperties([{ service: 'lamp', values: {} }], 'report')?.message).toBe('properties.lamp: the thing model has no service "lamp"; allowed: light');
    expect(lamp.checkProperties([{ values: {} }], 'report')).toMatchObject({ path: 'properties', reason: 'unknown-service', message: expect.stringContaining('one of them must be named') });
    expect(tencent.checkProperties([{ service: 'light', values: {} }], 'report')).toMatchObject({ reason: 'unknown-service', message: expect.stringContaining("Tencent's template has no services") });
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])('takes %s for a plain name, unknown or declared', (name) => {
    const values = JSON.parse(`{"${name}":1}`);
    const path = `properties.${name}`;
    expect(short(tencent.checkProperties([{ values }], 'report'))).toEqual([path, 'unknown-property']);
    expect(short(tencent.checkProperties([{ values }], 'set'))).toEqual([path, 'unknown-property']);
    const declaring = compileModel(
      readTencentTemplate({
        properties: [{ id: name, mode: 'rw', define: { type: 'int', min: '0', max: '1' } }],
        actions: [{ id: name, input: [{ id: name, define: { type: 'int' } }], output: [] }],
      }),
    );
    expect(declaring.checkProperties([{ values }], 'report')).toBeUndefined();
    expect(short(declaring.checkProperties([{ values: JSON.parse(`{"${name}":2}`) }], 'report'))).toEqual([path, 'out-of-range']);
    expect(declaring.checkArgs(undefined, name, values)).toBeUndefined();
    expect(short(declaring.checkArgs(undefined, name, {}))).toEqual([`commands.${name}.args.${name}`, 'missing']);
    const service = compileModel(readHuaweiProfile([{ service_id: name, properties: [] }]));
    expect(service.checkProperties([{ service: name, values: {} }], 'report')).toBeUndefined();
    expect(short(lamp.checkProperties([{ service: name, values: {} }], 'report'))).toEqual([path, 'unknown-service']);
  });

  it('overlooks what an object inherits', () => {
    const values = Object.assign(Object.create({ stranger: 1, color: 99 }), { power_switch: 1 });
    expect(tencent.checkProperties([{ values }], 'report')).toBeUndefined();
    expect(tencent.checkProperties([{ values }], 'set')).toBeUndefined();
  });

  it('puts names with other characters into brackets', () => {
    const model = compileModel(readHuaweiProfile([{ service_id: 'a.b', properties: [{ property_name: '温度', data_type: 'int', method: 'R' }] }]));
    expect(model.checkProperties([{ service: 'a.b', values: { 温度: 'x' } }], 'report')?.path).toBe('properties["a.b"]["温度"]');
  });

  it('refuses values that are no object', () => {
    // A program in plain JavaScript can hand over anything.
    for (const values of [null, [1], 'x', 5]) expect(short(tencent.checkProperties([{ values: values as never }], 'report'))).toEqual(['properties', 'wrong-type']);
  });
});

describe('the arguments of a command', () => {
  it('may leave out what Huawei does not require', () => {
    expect(lamp.checkArgs('light', 'blink', {})).toBeUndefined();
    expect(lamp.checkArgs('light', 'blink', { times: 10 })).toBeUndefined();
    expect(short(lamp.checkArgs('light', 'blink', { times: 11 }))).toEqual(['commands.light.blink.args.times', 'out-of-range']);
  });

  it('must hold what Huawei requires', () => {
    const model = compileModel(readHuaweiProfile([{ service_id: 's', commands: [{ command_name: 'c', paras: [{ para_name: 'a', data_type: 'int', required: true }] }] }]));
    expect(model.checkArgs('s', 'c', {})).toMatchObject({ path: 'commands.s.c.args.a', reason: 'missing', field: 'a' });
    expect(model.checkArgs('s', 'c', Object.create({ a: 1 }))?.reason).toBe('missing');
    expect(model.checkArgs('s', 'c', { a: null })?.reason).toBe('wrong-type');
    expect(model.checkArgs('s', 'c', { a: 1 })).toBeUndefined();
  });

  it('must all be there for a Tencent action', () => {
    expect(tencent.checkArgs(undefined, 'light_on', { is_on: 1 })).toBeUndefined();
    expect(short(tencent.checkArgs(undefined, 'light_on', {}))).toEqual(['commands.light_on.args.is_on', 'missing']);
    expect(short(tencent.checkArgs(undefined, 'light_on', { is_on: true }))).toEqual(['commands.light_on.args.is_on', 'wrong-type']);
  });

  it('must be declared', () => {
    expect(short(lamp.checkArgs('light', 'blink', { speed: 1 }))).toEqual(['commands.light.blink.args.speed', 'unknown-parameter']);
    expect(short(lamp.checkArgs('light', 'blnk', {}))).toEqual(['commands.light.blnk', 'unknown-command']);
    expect(short(lamp.checkArgs('lihgt', 'blink', {}))).toEqual(['commands.lihgt.blink', 'unknown-service']);
    expect(short(lamp.checkArgs(undefined, 'blink', {}))).toEqual(['commands.blink', 'unknown-service']);
    expect(short(lamp.checkArgs('light', 'blink', null as never))).toEqual(['commands.light.blink.args', 'wrong-type']);
  });
});

describe('the answer to a command', () => {
  it('is judged by the response that it names', () => {
    expect(lamp.checkOutput('light', 'blink', { done: true }, 'blink_rsp')).toBeUndefined();
    expect(short(lamp.checkOutput('light', 'blink', { done: 1 }, 'blink_rsp'))).toEqual(['commands.light.blink.output.done', 'wrong-type']);
    expect(short(lamp.checkOutput('light', 'blink', {}, 'other'))).toEqual(['commands.light.blink.output', 'unknown-response']);
    expect(short(lamp.checkOutput('light', 'x', {}))).toEqual(['commands.light.x', 'unknown-command']);
    expect(short(lamp.checkOutput('x', 'x', {}))).toEqual(['commands.x.x', 'unknown-service']);
  });

  it('matches any declared response when it names none', () => {
    const para = (name: string) => ({ para_name: name, data_type: 'int', required: true });
    const model = compileModel(
      readHuaweiProfile([{ service_id: 's', commands: [{ command_name: 'c', responses: ['a', 'b'].map((name) => ({ response_name: name, paras: [para(name)] })) }, { command_name: 'free' }] }]),
    );
    expect(model.checkOutput('s', 'c', { b: 1 })).toBeUndefined();
    expect(short(model.checkOutput('s', 'c', { b: 1 }, 'a'))).toEqual(['commands.s.c.output.b', 'unknown-parameter']);
    expect(short(model.checkOutput('s', 'c', { a: 'x' }))).toEqual(['commands.s.c.output.a', 'wrong-type']);
    expect(model.checkOutput('s', 'free', { anything: [1] })).toBeUndefined();
  });

  it('holds every declared member for a Tencent action', () => {
    expect(tencent.checkOutput(undefined, 'light_on', { err_code: 0 })).toBeUndefined();
    expect(short(tencent.checkOutput(undefined, 'light_on', {}))).toEqual(['commands.light_on.output.err_code', 'missing']);
  });
});

describe('an event', () => {
  it('holds every declared parameter for Tencent', () => {
    expect(tencent.checkEvent(undefined, 'low_voltage', { voltage: 3.3 }, 'alert')).toBeUndefined();
    expect(short(tencent.checkEvent(undefined, 'low_voltage', {}))).toEqual(['events.low_voltage.voltage', 'missing']);
    expect(short(tencent.checkEvent(undefined, 'low_voltage', { voltage: 25 }))).toEqual(['events.low_voltage.voltage', 'out-of-range']);
    expect(short(tencent.checkEvent(undefined, 'low_voltage', { voltage: 1, more: 1 }))).toEqual(['events.low_voltage.more', 'unknown-parameter']);
  });

  it('repeats the type of the template', () => {
    expect(tencent.checkEvent(undefined, 'low_voltage', { voltage: 3 }, 'fault')).toMatchObject({ reason: 'wrong-event-type', message: 'events.low_voltage: "fault" was given; allowed: the type alert' });
  });

  it('has no type to repeat for Huawei', () => {
    const model = compileModel(readHuaweiProfile([{ service_id: 's', events: [{ event_type: 'e', paras: [{ para_name: 'a', data_type: 'int' }] }] }]));
    expect(model.checkEvent('s', 'e', {}, 'info')).toBeUndefined();
    expect(short(model.checkEvent('s', 'e', { a: '1' }))).toEqual(['events.s.e.a', 'wrong-type']);
  });

  it('must be declared', () => {
    expect(short(tencent.checkEvent(undefined, 'high_voltage', {}))).toEqual(['events.high_voltage', 'unknown-event']);
    expect(short(lamp.checkEvent('x', 'e', {}))).toEqual(['events.x.e', 'unknown-service']);
  });
});

describe('the error of a violation', () => {
  it('carries path, message and device', () => {
    const found = tencent.checkProperties([{ values: { color: 9 } }], 'report');
    const error = found && violationError(found, 'P/D');
    expect(error).toMatchObject({ code: 'model-violation', message: found?.message, place: { path: 'properties.color', device: 'P/D' } });
  });
});
