import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLianyunError } from './errors.ts';
import { parseExact, parseFrame, stringifyExact } from './json.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n });
const narrowed = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

describe('JSON with exact integers', () => {
  it('writes and reads every integer of 64 bits as it is, as a number where a number holds it', () => {
    fc.assert(
      fc.property(int64, fc.bigInt(), (value, huge) => {
        const text = stringifyExact({ a: [value, { __proto__: null, b: huge }] });
        expect(text).toBe(`{"a":[${value},{"b":${huge}}]}`);
        expect(parseExact(text)).toEqual({ a: [narrowed(value), { b: narrowed(huge) }] });
      }),
    );
  });

  it('finds them wherever they stand', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(int64, fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((value) => value + 0), fc.constantFrom('1234567890123456789', 'a:9007199254740993', '\\": [-9007199254740993'))), fc.constantFrom(undefined, 1, '\t', ' '), (values, space) => {
        // Laid out by hand: JSON.stringify takes no bigint.
        const gap = space === undefined ? '' : `\n${typeof space === 'number' ? ' '.repeat(space) : space}`;
        const text = `[${values.map((value) => `${gap}{"n"${gap}:${gap}${typeof value === 'bigint' ? String(value) : JSON.stringify(value)}}`).join(`${gap},`)}${gap}]`;
        expect(parseExact(text)).toEqual(values.map((n) => ({ n: typeof n === 'bigint' ? narrowed(n) : n })));
      }),
    );
  });

  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['100000000000000000', 100000000000000000n],
    ['0.1234567890123456789', 0.12345678901234568],
    ['9007199254740993.0', 9007199254740992],
    ['1e20', 1e20],
    ['"9007199254740993"', '9007199254740993'],
    ['-0', -0],
  ])('reads %s as %s', (text, value) => {
    expect(parseExact(text)).toBe(value);
    expect(parseExact(`[${text},1234567890123456]`)).toEqual([value, 1234567890123456]);
  });

  it('reads every JSON value as JSON.parse does, beside the integers', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify([value, '0123456789012345']);
        expect(JSON.parse(JSON.stringify(parseExact(text), (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what is nested so deep that nothing could walk through it, and takes what only looks so', () => {
    const nested = (depth: number, [open, close] = ['[', ']']): string => open.repeat(depth) + close.repeat(depth);
    expect(stringifyExact(parseExact(nested(512)))).toBe(nested(512));
    for (const depth of [513, 5000, 1_000_000]) expect(() => parseExact(nested(depth))).toThrow(RangeError);
    expect(() => parseExact(`{"a":${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}}`)).toThrow(RangeError);
    expect(() => parseFrame(nested(5000), 't')).toThrow(expect.objectContaining({ code: 'bad-frame' }));
    // Brackets in texts, behind escaped quotes and backslashes, and many beside each other.
    for (const value of ['['.repeat(5000), '"['.repeat(5000), '\\"{'.repeat(3000), Array.from({ length: 5000 }, () => [{}])]) expect(parseExact(JSON.stringify({ value }))).toEqual({ value });
    expect(() => parseExact(`"${'['.repeat(3000)}`)).toThrow(SyntaxError);
  });

  it('keeps __proto__ a plain name on both ways', () => {
    const text = '{"__proto__":9007199254740993,"constructor":{"__proto__":1}}';
    const read = parseExact(text) as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(stringifyExact(read)).toBe(text);
  });

  it('takes no megabyte of digits for an integer', () => {
    expect(parseExact('9'.repeat(1_000_000))).toBe(Infinity);
  });

  it.each(['', '{"a":1234567890123456', '['.repeat(200_000) + '1234567890123456' + ']'.repeat(200_000)])('refuses what cannot be read with bad-frame (%#)', (text) => {
    try {
      parseFrame(text, 'the/topic');
      expect.unreachable();
    } catch (error) {
      expect(isLianyunError(error, 'bad-frame')).toBe(true);
      expect(error).toMatchObject({ place: { topic: 'the/topic', path: '$' } });
    }
  });

  it('throws for a cycle, as JSON.stringify does', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => stringifyExact(cycle)).toThrow(TypeError);
  });
});
