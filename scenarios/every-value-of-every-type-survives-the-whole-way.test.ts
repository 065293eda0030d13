import fc from 'fast-check';
import { compileModel, parseExact, readHuaweiProfile, readTencentTemplate, stringifyExact, type CompiledModel, type JsonObject, type JsonValue } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { HUAWEI, TENCENT, type Cloud } from './support/clouds.ts';
import { Rig } from './support/rig.ts';
import { HUAWEI_TYPES, TENCENT_TYPES, type Sample, type Wrong } from './support/vendor-types.ts';

/** A property of a product, with some values that it may have and some that it may not. */
interface Case {
  readonly name: string;
  readonly define: Sample['define'];
  readonly good: readonly JsonValue[];
  readonly wrong: readonly Wrong[];
}

/** Names that a program trips over are names like any other. */
const NAMES = ['a', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'level2', 'x_1', 'length', 'valueOf', 'b', 'c'];

/** One property of every type. */
const casesOf = (types: Readonly<Record<string, fc.Arbitrary<Sample>>>): fc.Arbitrary<readonly Case[]> =>
  fc.tuple(
    ...Object.values(types).map((type, index) =>
      type.chain(({ define, good, wrong }) => fc.record({ name: fc.constant(NAMES[index] ?? `p${index}`), define: fc.constant(define), good: fc.array(good, { minLength: 3, maxLength: 3 }), wrong: fc.array(wrong, { minLength: 2, maxLength: 2 }) }, { noNullPrototype: true })),
    ),
  );

interface Side {
  readonly cloud: Cloud;
  readonly cases: fc.Arbitrary<readonly Case[]>;
  readonly productId: string;
  document(cases: readonly Case[]): JsonValue;
  compile(document: JsonValue): CompiledModel;
  /** What a violation calls the property. */
  pathOf(name: string): string;
}

const SIDES: readonly Side[] = [
  {
    cloud: HUAWEI,
    cases: casesOf(HUAWEI_TYPES),
    productId: 'lamp',
    document: (cases) => [{ service_id: 'light', properties: cases.map(({ name, define }) => ({ property_name: name, method: 'RWE', ...define })) }],
    compile: (document) => compileModel(readHuaweiProfile(document)),
    pathOf: (name) => `properties.light.${name}`,
  },
  {
    cloud: TENCENT,
    cases: casesOf(TENCENT_TYPES),
    productId: 'LAMP000001',
    document: (cases) => ({ version: '1.0', properties: cases.map(({ name, define }) => ({ id: name, name, mode: 'rw', define })), events: [], actions: [] }),
    compile: (document) => compileModel(readTencentTemplate(document)),
    pathOf: (name) => `properties.${name}`,
  },
];

/** As JSON has it: -0 is 0. */
const asJson = (value: unknown): unknown => parseExact(stringifyExact(value));
const valuesOf = (entries: Iterable<readonly [string, JsonValue]>): JsonObject => Object.fromEntries(entries);

describe.each(SIDES)('Every type of $cloud.name', ({ cloud, cases, productId, document, compile, pathOf }) => {
  it('has every value that its file allows from the report to the API and from the API to the device, and no other', async () => {
    await using rig = await Rig.open();
    await fc.assert(
      fc.asyncProperty(cases, async (all) => {
        const file = document(all);
        const known = rig.problems.all.length;
        rig.platform.registry.updateProduct(cloud.name, productId, { model: file });
        // The first knows the model; the second leaves it to the platform.
        await using careful = await rig.online(cloud, 1, { model: compile(file) });
        await using careless = await rig.online(cloud, 2);
        const sets: unknown[] = [];
        const { promise: allSet, resolve } = Promise.withResolvers<void>();
        careful.properties.onSet(({ groups }) => {
          sets.push(...groups);
          if (sets.length === 3) resolve();
        });

        const rounds = [0, 1, 2].map((round) => valuesOf(all.map(({ name, good }) => [name, good[round] ?? null])));
        for (const values of rounds) {
          for (const [lamp, device] of [[1, careful], [2, careless]] as const) {
            await device.properties.report(cloud.group(values)).delivered;
            expect(await rig.reported(cloud, lamp)).toEqual(asJson(values));
          }
          await rig.set(cloud, 1, values);
        }
        await allSet;
        expect(sets.map(asJson)).toEqual(rounds.map((values) => asJson(cloud.group(values))));
        expect(rig.problems.all.slice(known)).toEqual([]);

        const before = await rig.reported(cloud, 2);
        for (const { name, wrong } of all) {
          for (const [index, { value, at, allowed, status }] of wrong.entries()) {
            const values = valuesOf([[name, value]]);
            const path = `${pathOf(name)}${at}`;
            const told = { code: 'model-violation', place: { path }, message: expect.stringContaining(allowed) };
            await expect(careful.properties.report(cloud.group(values)).stored).rejects.toMatchObject(told);
            const count = rig.problems.all.length;
            const sent = careless.properties.report(cloud.group(values)).delivered;
            if (cloud === TENCENT) await expect(sent).rejects.toMatchObject({ code: 'refused', place: { number: 406 }, message: expect.stringContaining(status) });
            else await sent;
            expect(rig.problems.all.slice(count)).toMatchObject([told]);
            if (index === 0) expect(stringifyExact((await rig.set(cloud, 1, values)).body)).toContain(JSON.stringify(path).slice(1, -1));
          }
        }
        expect(await rig.reported(cloud, 2)).toEqual(before);
        expect(sets).toHaveLength(3);
      }),
      { numRuns: 5 },
    );
  }, 60_000);
});
