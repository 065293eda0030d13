import { describe, expect, it } from 'vitest';
import { meets } from './comparison.ts';

describe('a condition about a property', () => {
  it.each([
    ['>', '30', 31, true],
    ['>', '30', 30, false],
    ['>', '30', '30.5', true],
    ['>', '30', 'abc', false],
    ['>', 'abc', 31, false],
    ['>', '30', true, false],
    ['>', '30', null, false],
    ['>', '30', '', false],
    ['>=', '30', 30, true],
    ['>=', '30', 29, false],
    ['<', '30', 29, true],
    ['<', '30', 30, false],
    ['<', '-1', -2, true],
    ['<=', '30', 30, true],
    ['<=', '30', 31, false],
    ['=', '30', 30, true],
    ['=', '30.0', 30, true],
    ['=', '30', '30', true],
    ['=', '30', 31, false],
    ['=', 'on', 'on', true],
    ['=', 'on', 'off', false],
    ['=', 'true', true, true],
    ['=', '2.5', 2.5, true],
    ['=', '9007199254740993', 9007199254740993n, true],
    ['=', '9007199254740993', 9007199254740992n, false],
    ['between', '10,20', 15, true],
    ['between', '10,20', 10, true],
    ['between', '10,20', 20, true],
    ['between', '10,20', 25, false],
    ['between', '10', 10, false],
    ['between', '10,20,30', 15, false],
    ['between', ' 10 , 20 ', 15, true],
    ['!=', '3', 4, false],
    ['toString', '3', 4, false],
  ] as const)('%s %s is, for %s: %s', (operator, wanted, value, result) => {
    expect(meets(value, { kind: 'data', path: 's/p', operator, value: wanted })).toBe(result);
  });

  it('in is met by one of its values', () => {
    const condition = { kind: 'data', path: 's/p', operator: 'in', values: ['1', '2.5', 'x'] } as const;
    for (const value of [1, 2.5, '2.5', 'x']) expect(meets(value, condition)).toBe(true);
    for (const value of [3, 'y', '', null]) expect(meets(value, condition)).toBe(false);
    expect(meets(1, { kind: 'data', path: 's/p', operator: 'in' })).toBe(false);
  });

  it('without an operator or a value is met by nothing', () => {
    expect(meets(1, { kind: 'data', path: 's/p', value: '1' })).toBe(false);
    expect(meets(1, { kind: 'data', path: 's/p', operator: '=' })).toBe(false);
  });
});
