import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { absent, defined, integer, jsonObject, members } from './wire.ts';

const read = (schema: v.GenericSchema, value: unknown) => {
  const { success, output, issues } = v.safeParse(schema, value);
  return success ? output : `wrong: ${issues?.[0].message ?? ''}`;
};

describe('an absent member', () => {
  const schema = v.object({ a: absent(v.string()), n: absent(integer) });

  it.each([[{}], [{ a: null, n: null }], [{ a: '', n: '' }], [{ a: undefined }]])('is not given in %j', (value) => {
    expect(defined(read(schema, value) as object)).toEqual({});
  });

  it('is read when it is there, and false, 0 and {} are there', () => {
    expect(read(schema, { a: 'x', n: 0 })).toEqual({ a: 'x', n: 0 });
    expect(read(absent(v.boolean()), false)).toBe(false);
    expect(read(absent(jsonObject), {})).toEqual({});
  });

  it('must have its type', () => {
    expect(read(schema, { a: 1 })).toMatch(/^wrong/);
    expect(read(schema, { n: 'x' })).toBe('wrong: an integer is expected');
  });
});

describe('an integer', () => {
  it.each([[0, 0], [-5, -5], ['7', 7], ['-12', -12], [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], ['123456789012345', 123456789012345]])('is read from %j', (value, expected) => {
    expect(read(integer, value)).toBe(expected);
  });

  it.each([1.5, 2 ** 53, '1.5', '', ' 1', '1e3', '0x10', '+1', '1234567890123456', true, null, [], {}, '１'])('is not %j', (value) => {
    expect(read(integer, value)).toBe('wrong: an integer is expected');
  });
});

describe('an object', () => {
  it('is taken as it is when its members are the user\'s', () => {
    const value = JSON.parse('{"__proto__":1,"a":[]}') as unknown;
    expect(read(jsonObject, value)).toBe(value);
  });

  it.each([[], null, 'x', 1, undefined])('is not %j', (value) => {
    expect(read(jsonObject, value)).toBe('wrong: an object is expected');
    expect(read(members({ a: absent(v.string()) }), value)).toBe('wrong: an object is expected');
  });

  it('with named members keeps those only', () => {
    expect(read(members({ a: absent(v.string()) }), { a: 'x', b: 1 })).toEqual({ a: 'x' });
  });
});

describe('the defined members', () => {
  it('are all but undefined', () => {
    expect(Object.keys(defined({ a: 1, b: undefined, c: null, d: '' }))).toEqual(['a', 'c', 'd']);
  });
});
