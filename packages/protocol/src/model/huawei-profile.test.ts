import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isLianyunError, LianyunError } from '../errors.ts';
import { modelFaultOf, readHuaweiProfile } from './index.ts';

const lamp = JSON.parse(readFileSync(new URL('../../fixtures/models/huawei-lamp.json', import.meta.url), 'utf8'));

const property = (extra: object) => ({ property_name: 'p', data_type: 'int', method: 'RW', ...extra });
const withProperty = (extra: object) => [{ service_id: 's', properties: [property(extra)] }];
const typeOf = (extra: object) => readHuaweiProfile(withProperty(extra)).services[0]?.properties[0]?.type;

function refusal(capabilities: unknown): LianyunError {
  try {
    readHuaweiProfile(capabilities);
  } catch (error) {
    if (isLianyunError(error, 'bad-config')) return error;
    throw error;
  }
  throw new Error('the profile was read');
}

describe('reading a Huawei product profile', () => {
  it('reads the lamp of the protocol reference', () => {
    expect(readHuaweiProfile(lamp.service_capabilities)).toEqual({
      cloud: 'huawei',
      services: [
        {
          name: 'light',
          type: 'light',
          option: 'Optional',
          properties: [{ name: 'on', type: { kind: 'int', min: 0, max: 1 }, required: true, readable: true, writable: true, observable: true }],
          commands: [
            {
              name: 'blink',
              args: [{ name: 'times', type: { kind: 'int', min: 1, max: 10 }, required: false }],
              outputs: [{ name: 'blink_rsp', params: [{ name: 'done', type: { kind: 'boolean' }, required: false }] }],
            },
          ],
          events: [],
        },
      ],
    });
  });

  it.each([
    [{ data_type: 'int', min: '0', max: 10, step: '2', unit: '%' }, { kind: 'int', min: 0, max: 10, step: 2, unit: '%' }],
    [{ data_type: 'int' }, { kind: 'int' }],
    [{ data_type: 'int', min: '5', max: '5' }, { kind: 'int', min: 5, max: 5 }],
    [{ data_type: 'long', min: '-9223372036854775808', max: '9223372036854775807' }, { kind: 'long', min: -(2n ** 63n), max: 2n ** 63n - 1n }],
    [{ data_type: 'long', min: 1 }, { kind: 'long', min: 1n }],
    [{ data_type: 'decimal', min: '-40.5', max: '1e3', step: 0.1 }, { kind: 'decimal', min: -40.5, max: 1000, step: 0.1 }],
    [{ data_type: 'string', max_length: 8, min: 'a', max: 'b' }, { kind: 'string', maxLength: 8 }],
    [{ data_type: 'string', enum_list: ['a', 'b'] }, { kind: 'string', options: [{ value: 'a' }, { value: 'b' }] }],
    [{ data_type: 'enum', enum_list: ['ON', '__proto__'] }, { kind: 'string-enum', options: [{ value: 'ON' }, { value: '__proto__' }] }],
    [{ data_type: 'boolean' }, { kind: 'boolean' }],
    [{ data_type: 'DateTime', max_length: 20 }, { kind: 'date-time', maxLength: 20 }],
    [{ data_type: 'jsonObject' }, { kind: 'json-object' }],
    [{ data_type: 'string list', enum_list: null }, { kind: 'string-list' }],
  ])('reads the type of %j', (given, expected) => {
    expect(typeOf(given)).toEqual(expected);
  });

  it.each([
    ['R', true, false, false],
    ['W', false, true, false],
    ['E', false, false, true],
    ['WE', false, true, true],
    ['RWE', true, true, true],
  ])('reads the method %s', (method, readable, writable, observable) => {
    expect(readHuaweiProfile(withProperty({ method })).services[0]?.properties[0]).toMatchObject({ readable, writable, observable });
  });

  it('keeps descriptions and default values as they are', () => {
    const read = readHuaweiProfile(withProperty({ description: '温度', default_value: { color: 'red' } }));
    expect(read.services[0]?.properties[0]).toMatchObject({ description: '温度', defaultValue: { color: 'red' } });
  });

  it('takes null and missing arrays for none, and passes over members that it does not know', () => {
    const read = readHuaweiProfile([{ service_id: 's', properties: null, commands: undefined, option: null, x: 1 }]);
    expect(read.services).toEqual([{ name: 's', properties: [], commands: [], events: [] }]);
    expect(readHuaweiProfile([]).services).toEqual([]);
  });

  it('reads events', () => {
    const read = readHuaweiProfile([{ service_id: 's', events: [{ event_type: 'reboot', paras: [{ para_name: 'force', data_type: 'boolean', required: true }] }] }]);
    expect(read.services[0]?.events).toEqual([{ name: 'reboot', params: [{ name: 'force', type: { kind: 'boolean' }, required: true }] }]);
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', "中文_?'#().,&%@!-"])('takes %s for a plain name everywhere', (name) => {
    const read = readHuaweiProfile([
      {
        service_id: name,
        properties: [property({ property_name: name })],
        commands: [{ command_name: name, paras: [{ para_name: name, data_type: 'int' }], responses: [{ response_name: name, paras: [] }] }],
        events: [{ event_type: name, paras: [] }],
      },
    ]);
    expect(read.services[0]).toMatchObject({ name, properties: [{ name }], commands: [{ name, args: [{ name }], outputs: [{ name }] }], events: [{ name }] });
  });

  const at = '$.service_capabilities[0]';
  it.each([
    [undefined, '$.service_capabilities', 'no-model', 'an array of services is expected'],
    [{}, '$.service_capabilities', 'bad-shape', 'an array is expected'],
    [[7], at, 'bad-shape', '7 is given, an object is expected'],
    [[{}], `${at}.service_id`, 'missing', 'a name is expected'],
    [[{ service_id: 'a/b' }], `${at}.service_id`, 'bad-name', '"a/b" is no name; allowed is 1 to 64 letters'],
    [[{ service_id: 'a b' }], `${at}.service_id`, 'bad-name', 'is no name'],
    [[{ service_id: 'a\u0000' }], `${at}.service_id`, 'bad-name', 'is no name'],
    [[{ service_id: 'x'.repeat(65) }], `${at}.service_id`, 'bad-name', '(65 characters)'],
    [[{ service_id: 's' }, { service_id: 's' }], '$.service_capabilities[1].service_id', 'duplicate', '"s" is already the service_id of $.service_capabilities[0]'],
    [[{ service_id: 's', option: 'Maybe' }], `${at}.option`, 'bad-shape', 'allowed is Master, Mandatory, Optional'],
    [[{ service_id: 's', properties: [property({}), property({})] }], `${at}.properties[1].property_name`, 'duplicate', 'must be unique'],
    [[{ service_id: 's', commands: [{ command_name: 'c' }, { command_name: 'c' }] }], `${at}.commands[1].command_name`, 'duplicate', 'must be unique'],
    [
      [{ service_id: 's', commands: [{ command_name: 'c', paras: [{ para_name: 'a', data_type: 'int' }, { para_name: 'a', data_type: 'int' }] }] }],
      `${at}.commands[0].paras[1].para_name`,
      'duplicate-parameter',
      'must be unique',
    ],
    [withProperty({ method: undefined }), `${at}.properties[0].method`, 'bad-access', 'nothing is given, allowed is R, W, E'],
    [withProperty({ data_type: 'integer' }), `${at}.properties[0].data_type`, 'unknown-type', '"integer" is given, allowed is int, long, decimal'],
    [withProperty({ data_type: 'toString' }), `${at}.properties[0].data_type`, 'unknown-type', 'allowed is'],
    [withProperty({ method: 'WR' }), `${at}.properties[0].method`, 'bad-access', 'allowed is R, W, E, RW, RE, WE, RWE'],
    [withProperty({ min: '5', max: '4' }), `${at}.properties[0].min`, 'bad-range', 'min 5 is greater than max 4'],
    [withProperty({ data_type: 'long', min: '9223372036854775807', max: '9223372036854775806' }), `${at}.properties[0].min`, 'bad-range', 'greater than max'],
    [withProperty({ min: 'five' }), `${at}.properties[0].min`, 'bad-range', '"five" is given, a number is expected'],
    [withProperty({ min: 'NaN' }), `${at}.properties[0].min`, 'bad-range', 'a number is expected'],
    [withProperty({ max: '0x10' }), `${at}.properties[0].max`, 'bad-range', 'a number is expected'],
    [withProperty({ max: '1e999' }), `${at}.properties[0].max`, 'bad-range', 'a number is expected'],
    [withProperty({ max: '1.5' }), `${at}.properties[0].max`, 'bad-range', 'an integer'],
    [withProperty({ max: '9007199254740993' }), `${at}.properties[0].max`, 'bad-range', 'an integer from -(2^53 - 1)'],
    [withProperty({ data_type: 'long', max: 2 ** 53 }), `${at}.properties[0].max`, 'bad-range', 'beyond 2^53 - 1 as a string'],
    [withProperty({ data_type: 'long', max: '9223372036854775808' }), `${at}.properties[0].max`, 'bad-range', '64-bit'],
    [withProperty({ data_type: 'long', min: '-9223372036854775809' }), `${at}.properties[0].min`, 'bad-range', '64-bit'],
    [withProperty({ step: -1 }), `${at}.properties[0].step`, 'bad-range', '0 or more'],
    [withProperty({ data_type: 'string', max_length: -1 }), `${at}.properties[0].max_length`, 'bad-range', '0 or more'],
    [withProperty({ data_type: 'enum' }), `${at}.properties[0].enum_list`, 'bad-enum-mapping', 'at least one'],
    [withProperty({ data_type: 'enum', enum_list: ['a', 'a'] }), `${at}.properties[0].enum_list[1]`, 'bad-enum-mapping', 'twice'],
    [withProperty({ data_type: 'enum', enum_list: [1] }), `${at}.properties[0].enum_list[0]`, 'bad-enum-mapping', 'a string is expected'],
    [withProperty({ required: 'yes' }), `${at}.properties[0].required`, 'bad-shape', 'true or false'],
    [withProperty({ unit: 5 }), `${at}.properties[0].unit`, 'bad-shape', 'a string is expected'],
  ])('refuses %j', (given, path, fault, words) => {
    const error = refusal(given);
    expect(error.place.path).toBe(path);
    expect(modelFaultOf(error)).toEqual({ fault, path });
    expect(error.message).toContain(path);
    expect(error.message).toContain(words);
  });

  it('begins the path where the caller says that the profile stands', () => {
    expect(() => readHuaweiProfile([{}], '$.huawei.products[2].service_capabilities')).toThrow('$.huawei.products[2].service_capabilities[0].service_id');
  });

  it('takes no inherited member for a given one', () => {
    const service: object = Object.create({ properties: 'inherited' });
    expect(readHuaweiProfile([Object.assign(service, { service_id: 's' })]).services[0]?.properties).toEqual([]);
  });

  it('knows no fault in an error of another origin', () => {
    expect(modelFaultOf(new Error('x'))).toBeUndefined();
    expect(modelFaultOf(new LianyunError('bad-config', 'x', { cause: { fault: 1 } }))).toBeUndefined();
  });
});
