import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isLianyunError, LianyunError } from '../errors.ts';
import { modelFaultOf, readTencentTemplate, tencentModelCode } from './index.ts';

const example = JSON.parse(readFileSync(new URL('../../fixtures/models/tencent-template.json', import.meta.url), 'utf8'));

const withDefine = (define: unknown) => ({ properties: [{ id: 'p', name: 'P', mode: 'rw', define }] });
const typeOf = (define: unknown) => readTencentTemplate(withDefine(define)).services[0]?.properties[0]?.type;
const int = { type: 'int', min: '0', max: '9' };

function refusal(template: unknown): LianyunError {
  try {
    readTencentTemplate(template);
  } catch (error) {
    if (isLianyunError(error, 'bad-config')) return error;
    throw error;
  }
  throw new Error('the template was read');
}

describe('reading a Tencent data template', () => {
  it('reads the full example of the protocol reference', () => {
    const model = readTencentTemplate(example);
    expect(model).toMatchObject({ cloud: 'tencent', version: '1.0', productId: 'ABCDE12345', categoryId: '3' });
    expect(model.services).toHaveLength(1);
    const [service] = model.services;
    expect(service).not.toHaveProperty('name');
    expect(service?.properties.map(({ name, type, writable, required }) => [name, type, writable, required])).toEqual([
      ['power_switch', { kind: 'boolean', labels: { off: 'off', on: 'on' } }, true, true],
      ['color', { kind: 'int-enum', options: [{ value: 0, label: 'Red' }, { value: 1, label: 'Green' }, { value: 2, label: 'Blue' }] }, true, false],
      ['brightness', { kind: 'int', min: 0, max: 100, step: 1, start: 1, unit: '%' }, true, false],
      ['temp', { kind: 'decimal', min: -40, max: 125, step: 0.1, start: 0, unit: 'C' }, false, false],
      ['name', { kind: 'string', minLength: 0, maxLength: 64 }, true, false],
      ['work_mode', { kind: 'string-enum', options: [{ value: 'auto', label: 'Auto' }, { value: 'eco', label: 'Eco' }] }, true, false],
      ['last_seen', { kind: 'timestamp' }, false, false],
      [
        'pos',
        {
          kind: 'struct',
          members: [
            { name: 'x', title: 'x', type: { kind: 'int', min: 0, max: 100, start: 0, step: 1 }, required: false },
            { name: 'on', title: 'on', type: { kind: 'boolean', labels: { off: 'off', on: 'on' } }, required: false },
            { name: 't', title: 't', type: { kind: 'timestamp' }, required: false },
          ],
        },
        true,
        false,
      ],
      ['ints', { kind: 'array', items: { kind: 'int', min: 0, max: 100, start: 0, step: 1 } }, true, false],
      ['recs', { kind: 'array', items: { kind: 'struct', members: [{ name: 'k', title: 'k', type: { kind: 'string', minLength: 0, maxLength: 32 }, required: false }] } }, true, false],
    ]);
    expect(service?.properties[0]).toMatchObject({ title: 'Switch', readable: true, observable: true });
    expect(service?.events).toMatchObject([
      { name: 'status_report', title: 'DeviceStatus', type: 'info', required: false, params: [{ name: 'status', required: true }, { name: 'message', required: true }] },
      { name: 'low_voltage', type: 'alert', params: [{ name: 'voltage', type: { kind: 'decimal', min: 0, max: 24, unit: 'V' } }] },
    ]);
    expect(service?.commands).toEqual([
      {
        name: 'light_on',
        title: 'LightOn',
        required: false,
        args: [{ name: 'is_on', title: 'on', type: { kind: 'boolean', labels: { off: 'off', on: 'on' } }, required: true }],
        outputs: [{ params: [{ name: 'err_code', title: 'ret', type: { kind: 'int', min: 0, max: 100, start: 0, step: 1 }, required: true }] }],
      },
    ]);
  });

  it('takes missing arrays for empty ones', () => {
    expect(readTencentTemplate({})).toEqual({ cloud: 'tencent', services: [{ properties: [], commands: [], events: [] }] });
  });

  it('reads bounds that are numbers', () => {
    expect(typeOf({ type: 'float', min: -1.5, max: 2, step: 0.5 })).toEqual({ kind: 'decimal', min: -1.5, max: 2, step: 0.5 });
    expect(typeOf({ type: 'string', min: 1, max: 2 })).toEqual({ kind: 'string', minLength: 1, maxLength: 2 });
  });

  it('reads a bool without texts', () => {
    expect(typeOf({ type: 'bool' })).toEqual({ kind: 'boolean' });
  });

  it('reads negative enum keys', () => {
    expect(typeOf({ type: 'enum', mapping: { '-1': 'a', 10: 'b' } })).toMatchObject({ options: [{ value: 10 }, { value: -1 }] });
  });

  it.each(['__proto__', 'constructor', 'prototype', 'hasOwnProperty'])('takes %s for a plain name everywhere', (name) => {
    const param = { id: name, define: { type: 'stringenum', mapping: JSON.parse(`{"${name}":"x"}`) } };
    const read = readTencentTemplate({
      properties: [{ id: name, mode: 'r', define: { type: 'struct', specs: [{ id: name, dataType: int }] } }],
      events: [{ id: name, type: 'fault', params: [param] }],
      actions: [{ id: name, input: [param], output: [param] }],
    });
    const type = { kind: 'string-enum', options: [{ value: name, label: 'x' }] };
    expect(read.services[0]).toMatchObject({
      properties: [{ name, type: { members: [{ name }] } }],
      events: [{ name, params: [{ name, type }] }],
      commands: [{ name, args: [{ name, type }], outputs: [{ params: [{ name, type }] }] }],
    });
  });

  it.each([
    [null, '$', 'no-model', 'ModelDefineNil', 'a data template is expected'],
    [[], '$', 'bad-shape', 'ModelDefineInvalid', 'an array of 0 is given'],
    ['{}', '$', 'bad-shape', 'ModelDefineInvalid', '"{}" is given, an object is expected'],
    [{ properties: {} }, '$.properties', 'bad-shape', 'ModelDefineInvalid', 'an array is expected'],
    [{ properties: [{ mode: 'r', define: int }] }, '$.properties[0].id', 'missing', 'ModelDefineEventPropError', 'a name is expected'],
    [{ properties: [{ id: 'a b', mode: 'r', define: int }] }, '$.properties[0].id', 'bad-name', 'ModelDefineEventPropNameError', 'letters, digits, _ and -'],
    [{ properties: [{ id: 'a/b', mode: 'r', define: int }] }, '$.properties[0].id', 'bad-name', 'ModelDefineEventPropNameError', '"a/b" is no name'],
    [{ properties: [{ id: 'a', mode: 'w', define: int }] }, '$.properties[0].mode', 'bad-access', 'ModelDefineErrorModel', 'allowed is r, rw'],
    [{ properties: [{ id: 'a', mode: 'r' }] }, '$.properties[0].define', 'missing', 'ModelDefineEventPropError', 'an object is expected'],
    [
      { properties: [{ id: 'a', mode: 'r', define: int }, { id: 'a', mode: 'r', define: int }] },
      '$.properties[1].id',
      'duplicate',
      'ModelDefineDupID',
      '"a" is already the id of $.properties[0]',
    ],
    [{ events: [{ id: 'e', type: 'fatal', params: [] }] }, '$.events[0].type', 'bad-event-type', 'ModelDefineEventTypeError', 'allowed is info, alert, fault'],
    [
      { events: [{ id: 'e', type: 'info', params: [{ id: 'a', define: int }, { id: 'a', define: int }] }] },
      '$.events[0].params[1].id',
      'duplicate-parameter',
      'ModelDefineEventParamsDupID',
      'must be unique',
    ],
    [{ actions: [{ id: 'x' }, { id: 'x' }] }, '$.actions[1].id', 'duplicate', 'ModelDefineDupID', 'must be unique'],
    [withDefine({ type: 'double' }), '$.properties[0].define.type', 'unknown-type', 'ModelDefineErrorType', 'allowed is bool, int, float'],
    [withDefine({ type: 'int', min: '9', max: '1' }), '$.properties[0].define.min', 'bad-range', 'ModelDefinePropRangeError', 'min 9 is greater than max 1'],
    [withDefine({ type: 'int', min: 'x' }), '$.properties[0].define.min', 'bad-range', 'ModelDefinePropRangeError', 'a number is expected'],
    [withDefine({ type: 'string', min: '-1' }), '$.properties[0].define.min', 'bad-range', 'ModelDefinePropRangeError', '0 or more'],
    [withDefine({ type: 'bool', mapping: {} }), '$.properties[0].define.mapping', 'bad-bool-mapping', 'ModelDefinePropBoolMappingError', 'at least one'],
    [withDefine({ type: 'bool', mapping: { 0: 'a', 2: 'b' } }), '$.properties[0].define.mapping', 'bad-bool-mapping', 'ModelDefinePropBoolMappingError', '0 and 1'],
    [withDefine({ type: 'bool', mapping: { 0: 'a', 1: 'b', 2: 'c' } }), '$.properties[0].define.mapping', 'bad-bool-mapping', 'ModelDefinePropBoolMappingError', '0 and 1'],
    [withDefine({ type: 'enum', mapping: {} }), '$.properties[0].define.mapping', 'bad-enum-mapping', 'ModelDefinePropEnumMappingError', 'at least one'],
    [withDefine({ type: 'enum' }), '$.properties[0].define.mapping', 'bad-enum-mapping', 'ModelDefinePropEnumMappingError', 'at least one'],
    [withDefine({ type: 'enum', mapping: { red: 'Red' } }), '$.properties[0].define.mapping.red', 'bad-enum-mapping', 'ModelDefinePropEnumMappingError', 'no integer'],
    [withDefine({ type: 'enum', mapping: { '01': 'x' } }), '$.properties[0].define.mapping["01"]', 'bad-enum-mapping', 'ModelDefinePropEnumMappingError', 'no integer'],
    [withDefine({ type: 'stringenum', mapping: { '': 'x' } }), '$.properties[0].define.mapping[""]', 'bad-enum-mapping', 'ModelDefinePropEnumMappingError', 'empty'],
    [withDefine({ type: 'stringenum', mapping: { a: 1 } }), '$.properties[0].define.mapping.a', 'bad-enum-mapping', 'ModelDefinePropEnumMappingError', 'a string'],
    [withDefine({ type: 'struct', specs: [] }), '$.properties[0].define.specs', 'missing', 'ModelDefineEventPropError', 'at least one'],
    [
      withDefine({ type: 'struct', specs: [{ id: 'm', define: int }] }),
      '$.properties[0].define.specs[0].dataType',
      'missing',
      'ModelDefineEventPropError',
      'an object is expected',
    ],
    [
      withDefine({ type: 'struct', specs: [{ id: 'm', dataType: int }, { id: 'm', dataType: int }] }),
      '$.properties[0].define.specs[1].id',
      'duplicate',
      'ModelDefineDupID',
      'must be unique',
    ],
    [
      withDefine({ type: 'struct', specs: [{ id: 'm', dataType: { type: 'struct' } }] }),
      '$.properties[0].define.specs[0].dataType.type',
      'unknown-type',
      'ModelDefineErrorType',
      'allowed is bool, int, float, string, enum, stringenum, timestamp',
    ],
    [
      withDefine({ type: 'array', arrayInfo: { type: 'array' } }),
      '$.properties[0].define.arrayInfo.type',
      'unknown-type',
      'ModelDefineErrorType',
      'allowed is int, float, string, struct',
    ],
    [withDefine({ type: 'array' }), '$.properties[0].define.arrayInfo', 'missing', 'ModelDefineEventPropError', 'an object is expected'],
  ])('refuses %j', (given, path, fault, code, words) => {
    const error = refusal(given);
    expect(error.place.path).toBe(path);
    expect(modelFaultOf(error)).toEqual({ fault, path });
    expect(tencentModelCode(error)).toBe(`InvalidParameterValue.${code}`);
    expect(error.message).toContain(words);
  });

  it('has no code for an error of another origin', () => {
    expect(tencentModelCode(new LianyunError('bad-config', 'x'))).toBeUndefined();
  });
});
