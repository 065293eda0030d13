import fc from 'fast-check';
import { parseExact } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import { mapJson, showPath, type TextPosition } from './json-map.ts';

const fault = ({ line, column }: TextPosition, what: string) => new Error(`${line}:${column} ${what}`);

describe('a JSON map', () => {
  it('reads what JSON.parse reads, and to the same value, save that no integer is rounded', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (text, indent) => {
        const pretty = JSON.stringify(JSON.parse(text), undefined, indent);
        expect(mapJson(pretty, fault).value).toEqual(parseExact(pretty));
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 2 }), fc.nat(), fc.constantFrom('', ',', '}', '"', '\\', '01', '\u0001', 'x', '-', '.'), (text, at, wedge) => {
        const place = at % (text.length + 1);
        const mutant = text.slice(0, place) + wedge + text.slice(place + 1);
        let parses = true;
        try {
          JSON.parse(mutant);
        } catch {
          parses = false;
        }
        // A name twice is what JSON.parse lets pass.
        if (parses) try { mapJson(mutant, fault); } catch (error) { expect(String(error)).toContain('twice'); }
        else expect(() => mapJson(mutant, fault)).toThrow(/^\d+:\d+ /);
      }),
      { numRuns: 500 },
    );
  });

  it('tells line and column of every value, a member’s where its name stands', () => {
    const map = mapJson('{\n  "a": [1,\n    {"b":\n  2}],\n "c": 3}', fault);
    expect(map.where([])).toEqual({ line: 1, column: 1 });
    expect(map.where(['a'])).toEqual({ line: 2, column: 3 });
    expect(map.where(['a', 1])).toEqual({ line: 3, column: 5 });
    expect(map.where(['a', 1, 'b'])).toEqual({ line: 3, column: 6 });
    expect(map.where(['a', 1, 'nothing', 5])).toEqual({ line: 3, column: 5 });
    expect(map.where(['c'])).toEqual({ line: 5, column: 2 });
  });

  it.each([
    ['{"a":1,}', '1:8 "}" where a name in quotes is expected'],
    ['{"a" 1}', '1:6 "1" where ":" is expected'],
    ['[1\n2]', '2:1 "2" where "," or "]" is expected'],
    ['{"a":1', '1:7 the text ends where "," or "}" is expected'],
    ['', '1:1 the text ends where a value is expected'],
    ['{} x', '1:4 "x" after the end of the document'],
    ['{"a":\n"b\n"}', '2:1 a string that does not end'],
    ['{"a":1,\n"a":2}', '2:1 the name "a" stands twice'],
    ["{'a':1}", `1:2 "'" where a name in quotes is expected`],
    ['['.repeat(100_000), '1:202 more than 200 levels'],
  ])('says where %j goes wrong', (text, words) => {
    expect(() => mapJson(text, fault)).toThrow(words);
  });

  it('gives up a long string without an end as fast as one with it', () => {
    // A pattern that can match a run of letters in two ways would take for ever here.
    expect(() => mapJson(`"${'a'.repeat(1_000_000)}`, fault)).toThrow('1:1 a string that does not end');
  });

  it('keeps a member called __proto__ a member, and passes over a byte order mark', () => {
    const { value } = mapJson('\ufeff{"__proto__":{"a":1}}', fault);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });

  it('shows paths as people write them', () => {
    expect(showPath(['huawei', 'devices', 0, 'product_id'])).toBe('huawei.devices[0].product_id');
    expect(showPath(['a b', 'c'])).toBe('["a b"].c');
  });
});
