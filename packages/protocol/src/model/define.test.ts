import { describe, expect, it } from 'vitest';
import { isLianyunError } from '../errors.ts';
import { defineModel, type ModelLiteral } from './index.ts';
import { lamp } from './lamp.fixtures.ts';

/** As a program in JavaScript gives it. */
const define = (literal: unknown) => defineModel(literal as ModelLiteral);
const withType = (type: unknown) => ({ services: { s: { properties: { p: type } } } });
const typeOf = (type: unknown) => define(withType(type)).services[0]?.properties[0]?.type;

describe('defining a model', () => {
  it('fills in what most models want', () => {
    const model = defineModel({ services: { s: { properties: { p: 'int' }, commands: { c: { args: { a: 'int' } } }, events: { e: {} } } } });
    expect(model).toEqual({
      cloud: 'both',
      services: [
        {
          name: 's',
          properties: [{ name: 'p', type: { kind: 'int' }, required: false, readable: true, writable: false, observable: true }],
          commands: [{ name: 'c', args: [{ name: 'a', type: { kind: 'int' }, required: true }], outputs: [] }],
          events: [{ name: 'e', params: [] }],
        },
      ],
    });
  });

  it('takes hostile names for plain names', () => {
    const service = lamp.services[0];
    expect(service?.properties.at(-1)).toMatchObject({ name: '__proto__', type: { kind: 'boolean' } });
    expect(service?.properties.find(({ name }) => name === 'color')?.type).toEqual({
      kind: 'string-enum',
      options: [{ value: 'red', number: 0 }, { value: 'green', number: 1 }, { value: '__proto__', number: 2 }],
    });
    expect(lamp.services[1]?.properties[1]).toMatchObject({ name: 'constructor' });
  });

  it.each([
    ['long', { kind: 'long' }],
    [{ type: 'long', min: 0, max: 2n ** 63n - 1n }, { kind: 'long', min: 0n, max: 2n ** 63n - 1n }],
    [{ type: 'decimal', min: -1.5, step: 0.1, start: 0, unit: 'C' }, { kind: 'decimal', min: -1.5, step: 0.1, start: 0, unit: 'C' }],
    [{ type: 'string', minLength: 1, maxLength: 2, values: ['a'] }, { kind: 'string', minLength: 1, maxLength: 2, options: [{ value: 'a' }] }],
    [{ type: 'boolean', labels: { off: 'no', on: 'yes' } }, { kind: 'boolean', labels: { off: 'no', on: 'yes' } }],
    [{ type: 'enum', values: ['a', 'b'] }, { kind: 'string-enum', options: [{ value: 'a' }, { value: 'b' }] }],
    [{ type: 'enum', values: [{ value: 'a', number: 5, label: 'A' }] }, { kind: 'string-enum', options: [{ value: 'a', number: 5, label: 'A' }] }],
    [{ type: 'date-time', maxLength: 20 }, { kind: 'date-time', maxLength: 20 }],
    [{ type: 'array', items: { type: 'int', max: 5 } }, { kind: 'array', items: { kind: 'int', max: 5 } }],
    [{ type: 'struct', members: { x: { type: 'int', title: 'X' } } }, { kind: 'struct', members: [{ name: 'x', title: 'X', type: { kind: 'int' }, required: false }] }],
  ])('reads the type %o', (literal, type) => {
    expect(typeOf(literal)).toEqual(type);
  });

  it('does not compile what no model has', () => {
    const refused = (make: () => unknown) => expect(make).toThrow(expect.objectContaining({ code: 'bad-config' }));
    // @ts-expect-error: mni is no member
    refused(() => defineModel({ services: { s: { properties: { p: { type: 'int', mni: 0 } } } } }));
    // @ts-expect-error: nor in a struct
    refused(() => defineModel({ properties: { p: { type: 'struct', members: { x: { type: 'int', mni: 0 } } } } }));
    // @ts-expect-error: an array of structs neither
    refused(() => defineModel({ properties: { p: { type: 'array', items: { type: 'int', writable: true } } } }));
    // @ts-expect-error: nor an array of one of several strings
    refused(() => defineModel({ properties: { p: { type: 'array', items: { type: 'string', values: ['a'] } } } }));
    // @ts-expect-error: propertys is no member
    refused(() => defineModel({ services: { s: { propertys: {} } } }));
    // @ts-expect-error: arg is no member
    refused(() => defineModel({ services: { s: { commands: { c: { arg: {} } } } } }));
    // @ts-expect-error: nor in a response
    refused(() => defineModel({ services: { s: { commands: { c: { responses: { ok: { a: { type: 'int', mni: 0 } } } } } } } }));
    // @ts-expect-error: integer is no type
    refused(() => defineModel({ services: { s: { properties: { p: 'integer' } } } }));
    // @ts-expect-error: an enum needs its values
    refused(() => defineModel({ services: { s: { properties: { p: 'enum' } } } }));
    // @ts-expect-error: a bound is a number
    refused(() => defineModel({ services: { s: { properties: { p: { type: 'int', min: '0' } } } } }));
    // @ts-expect-error: a parameter is not written
    refused(() => defineModel({ services: { s: { events: { e: { params: { p: { type: 'int', writable: true } } } } } } }));
    // @ts-expect-error: no struct in a struct
    refused(() => defineModel({ properties: { p: { type: 'struct', members: { x: { type: 'struct', members: {} } } } } }));
    // @ts-expect-error: no array of booleans
    refused(() => defineModel({ properties: { p: { type: 'array', items: 'boolean' } } }));
    // @ts-expect-error: either services or the members of the only one
    refused(() => defineModel({ services: {}, properties: {} }));
    // @ts-expect-error: no such severity
    refused(() => defineModel({ events: { e: { severity: 'fatal' } } }));
  });

  class Literal {
    readonly services = {};
  }
  const at = '$.services.s.properties.p';
  it.each<[unknown, string, string]>([
    [undefined, '$', 'an object is expected'],
    [new Literal(), '$', 'a plain one is expected'],
    [{ services: { __proto__: { properties: {} } } }, '$.services', "the name __proto__ is written ['__proto__']"],
    [{ services: { '': {} } }, '$.services[""]', '1 to 64 characters'],
    [{ services: { s: { option: 'Maybe' } } }, '$.services.s.option', 'allowed is Master'],
    [withType({ type: 'int', min: 5, max: 1 }), `${at}.min`, 'greater than max'],
    [withType({ type: 'int', min: 0.5 }), `${at}.min`, 'an integer'],
    [withType({ type: 'int', min: 2 ** 53 }), `${at}.min`, '2^53 - 1'],
    [withType({ type: 'long', max: 2n ** 63n }), `${at}.max`, '64-bit'],
    [withType({ type: 'long', max: 2 ** 53 }), `${at}.max`, '64-bit'],
    [withType({ type: 'string', maxLength: -1 }), `${at}.maxLength`, '0 or more'],
    [withType({ type: 'string', values: [] }), `${at}.values`, 'at least one'],
    [withType({ type: 'enum' }), `${at}.values`, 'at least one'],
    [withType({ type: 'enum', values: {} }), `${at}.values`, 'at least one'],
    [withType({ type: 'enum', values: ['a', 'a'] }), `${at}.values`, '"a" stands there twice'],
    [withType({ type: 'enum', values: { a: 0, b: 0 } }), `${at}.values`, 'two values have the same number'],
    [withType({ type: 'enum', values: { a: 0.5 } }), `${at}.values.a`, 'at most 15 digits'],
    [withType({ type: 'enum', values: { a: 1e15 } }), `${at}.values.a`, 'at most 15 digits'],
    [withType({ type: 'enum', values: ['a', { value: 'b', number: 1 }] }), `${at}.values`, 'all or none'],
    [withType({ type: 'enum', values: [1] }), `${at}.values[0]`, 'an object is expected'],
    [withType({ type: 'boolean', labels: { off: 'no' } }), `${at}.labels.on`, 'a string is expected'],
    [withType({ type: 'struct', members: {} }), `${at}.members`, 'at least one'],
    [withType({ type: 'int', writable: 'yes' }), `${at}.writable`, 'true or false'],
    [withType({ type: 'array', items: { type: 'string', values: ['a'] } }), `${at}.items.values`, 'no such member'],
    [{ services: { s: { commands: { c: { output: {}, responses: {} } } } } }, '$.services.s.commands.c.responses', 'either one output or several'],
  ])('refuses %o', (literal, path, words) => {
    try {
      define(literal);
      expect.unreachable();
    } catch (error) {
      expect(isLianyunError(error, 'bad-config')).toBe(true);
      expect(error).toMatchObject({ place: { path }, message: expect.stringContaining(words) });
    }
  });
});
