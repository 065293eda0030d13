import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLianyunError } from '../errors.ts';
import { compileModel, modelFaultOf, readHuaweiProfile, readTencentTemplate, tencentModelCode, type ThingModel } from './index.ts';

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../../fixtures/models/${file}`, import.meta.url), 'utf8'));
const lamp = read('huawei-lamp.json') as { service_capabilities: unknown };

/** Every place of a JSON document, as the keys that lead to it. */
function placesOf(value: unknown, way: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [way];
  return [way, ...Object.entries(value).flatMap(([key, member]) => placesOf(member, [...way, key]))];
}

/** The document with something else at one place. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((each: unknown, index) => (String(index) === key ? replaced(each, rest, by) : each));
  return Object.fromEntries(Object.entries(value as object).map(([name, each]) => [name, name === key ? replaced(each, rest, by) : each]));
}

const something = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, undefined, '', '__proto__', 'constructor', 'a/b', '1e999', '99999999999999999999', -1, NaN, [], {}, [null], true),
);

describe.each<[string, unknown, (value: unknown) => ThingModel]>([
  ['a Huawei profile', lamp.service_capabilities, readHuaweiProfile],
  ['a Tencent template', read('tencent-template.json'), readTencentTemplate],
])('reading %s', (_, document, reader) => {
  const judge = (given: unknown) => {
    try {
      compileModel(reader(given));
    } catch (error) {
      expect(isLianyunError(error, 'bad-config'), String(error)).toBe(true);
      expect((error as Error).message).toContain(modelFaultOf(error)?.path);
      expect(tencentModelCode(error)).toMatch(/^InvalidParameterValue\.ModelDefine[A-Za-z]+$/);
      expect((error as Error).message.length).toBeLessThan(400);
    }
  };

  it('gives a model or an error that names the place, with anything at any place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...placesOf(document)), something, (way, by) => judge(replaced(document, way, by))),
      { numRuns: 3000 },
    );
  });

  it('gives a model or an error that names the place, for any JSON', () => {
    fc.assert(fc.property(something, judge), { numRuns: 500 });
  });
});
