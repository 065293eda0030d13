import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { compileFunction } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defineModel,
  forCloud,
  generateModelSource,
  readHuaweiProfile,
  readTencentTemplate,
  toBoth,
  toHuaweiProduct,
  toHuaweiProfile,
  toTencentTemplate,
  type ThingModel,
} from './index.ts';
import { huaweiModels, tencentModels } from './models.fixtures.ts';

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../../fixtures/models/${file}`, import.meta.url), 'utf8'));
const lamp = readHuaweiProfile((read('huawei-lamp.json') as { service_capabilities: unknown }).service_capabilities);
const template = readTencentTemplate(read('tencent-template.json'));

/** Runs the source that was generated. */
function evaluate(source: string): unknown {
  const [body] = stripTypeScriptTypes(source.replace(/^import .*$/m, ''), { mode: 'strip' }).split('/** What the device may report. */');
  const run = compileFunction(`${(body ?? '').replace('export const model', 'const model')}; return model;`, ['defineModel']) as (define: typeof defineModel) => unknown;
  return run(defineModel);
}

const onWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('what is written', () => {
  it('is read as the same Huawei model', () => {
    fc.assert(
      fc.property(huaweiModels, (model) => {
        expect(readHuaweiProfile(onWire(toHuaweiProfile(model)))).toEqual(model);
      }),
      { numRuns: 300 },
    );
  });

  it('is read as the same Tencent model', () => {
    fc.assert(
      fc.property(tencentModels, (model) => {
        expect(readTencentTemplate(onWire(toTencentTemplate(model)))).toEqual(model);
      }),
      { numRuns: 300 },
    );
  });

  it('of the part that the other cloud has, is read as that part, and nothing is lost without a problem', () => {
    fc.assert(
      fc.property(huaweiModels, (given) => {
        // Each service by itself: names may repeat across services, which Tencent cannot have.
        for (const service of given.services) {
          const { model, problems } = forCloud({ cloud: 'huawei', services: [service] }, 'tencent');
          expect(readTencentTemplate(onWire(toTencentTemplate(model)))).toEqual(model);
          const lost = service.properties.filter(({ name }) => model.services[0]?.properties.every((each) => each.name !== name));
          expect(problems.filter(({ path, effect }) => effect === 'left-out' && path.startsWith('properties'))).toHaveLength(lost.length);
        }
      }),
    );
    fc.assert(
      fc.property(tencentModels, (given) => {
        const { model } = forCloud({ ...toBoth(given), services: toBoth(given).services.map((service) => ({ ...service, name: 's' })) }, 'huawei');
        expect(readHuaweiProfile(onWire(toHuaweiProfile(model)))).toEqual(model);
      }),
    );
  });

  it('as source runs to the same model, on its own cloud too', () => {
    fc.assert(
      fc.property(fc.oneof<fc.Arbitrary<ThingModel>[]>(huaweiModels, tencentModels), (model) => {
        const made = evaluate(generateModelSource(model, { source: 'a\n*/ "b".json\u2028' })) as ThingModel<'both'>;
        expect(made).toEqual(toBoth(model));
        expect(forCloud(made, model.cloud).model).toEqual(model);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['the lamp', lamp],
    ['the full template', template],
  ])('as source of %s is the same every time and runs to the same model', (_, model) => {
    const source = generateModelSource(model);
    expect(generateModelSource(structuredClone(model))).toBe(source);
    expect(forCloud(evaluate(source) as ThingModel<'both'>, model.cloud).model).toEqual(model);
  });
});

describe('a Huawei product', () => {
  it('has the members that CreateProduct needs', () => {
    const { name, device_type, protocol_type, data_format, ...rest } = toHuaweiProduct(lamp, { name: 'lamp', deviceType: 'Lamp', manufacturerName: 'm', productId: 'p' });
    expect([name, device_type, protocol_type, data_format]).toEqual(['lamp', 'Lamp', 'MQTT', 'json']);
    expect(rest).toEqual({ service_capabilities: toHuaweiProfile(lamp), manufacturer_name: 'm', product_id: 'p' });
    expect(toHuaweiProfile(lamp)).toMatchObject((read('huawei-lamp.json') as { service_capabilities: object[] }).service_capabilities.map(({ ...each }) => each));
  });

  it.each([
    [{ name: '', deviceType: 'd' }, 'name of a Huawei product has 0 characters'],
    [{ name: 'n', deviceType: 'd'.repeat(33) }, 'deviceType of a Huawei product has 33 characters'],
  ])('refuses %j', (options, words) => {
    expect(() => toHuaweiProduct(lamp, options)).toThrow(expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(words) }));
  });
});

describe('writing', () => {
  const properties = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, 'int' as const]));

  it.each<[string, () => unknown, string]>([
    ['501 properties of Huawei', () => toHuaweiProfile(defineModel({ services: { s: { properties: properties(501) } } })), 'has 501 properties; Huawei takes at most 500'],
    ['101 properties of Tencent', () => toTencentTemplate(defineModel({ properties: properties(101) })), '101 properties and events; Tencent takes at most 100'],
    ['a long unit', () => toHuaweiProfile(defineModel({ services: { s: { properties: { p: { type: 'int', unit: 'x'.repeat(17) } } } } })), 'The unit of s.p is longer'],
    ['what Tencent has no type for', () => toTencentTemplate(defineModel({ properties: { p: 'json-object', q: 'int' } })), "properties.p: Tencent has no type for a JSON object"],
    ['what Huawei has no type for', () => toHuaweiProfile(defineModel({ services: { s: { properties: { p: { type: 'array', items: 'int' } } } } })), 'properties.s.p: Huawei has no arrays but of strings'],
    ['a type of the other cloud', () => toHuaweiProfile({ ...template, cloud: 'huawei' }), 'Huawei has no type int-enum'],
    ['a name that Huawei does not take', () => toHuaweiProfile({ ...lamp, services: lamp.services.map((each) => ({ ...each, name: 'a/b' })) }), '"a/b" is no name'],
    ['a model without services', () => toHuaweiProfile(defineModel({ properties: { p: 'int' } })), 'The thing model has no services, which Huawei needs'],
    ['a constant of no name', () => generateModelSource(lamp, { name: 'a b' }), '"a b" cannot be the name of a constant'],
  ])('refuses %s', (_, write, words) => {
    expect(write).toThrow(words);
  });

  it('writes the part of a model that a cloud has', () => {
    const { model } = forCloud(defineModel({ properties: { p: 'json-object', q: 'int' } }), 'tencent');
    expect(toTencentTemplate(model).properties).toEqual([{ id: 'q', name: 'q', desc: '', required: false, mode: 'r', define: { type: 'int' } }]);
  });
});
