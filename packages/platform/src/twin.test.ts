import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryTwins } from './twin.ts';

const parse = (text: string) => JSON.parse(text) as Record<string, number>;

describe('a twin', () => {
  it('replaces each reported property by itself and counts every change of a service', () => {
    const twins = new MemoryTwins();
    twins.report('huawei', 'd', [{ service: 'a', values: { x: 1, y: 1 }, at: 100 }], 500);
    twins.report('huawei', 'd', [{ service: 'a', values: { x: 2 } }, { service: 'b', values: { z: 1 } }], 600);
    expect(twins.read('huawei', 'd')).toEqual([
      { service: 'a', version: 2, reported: { values: { x: 2, y: 1 }, times: { x: 600, y: 100 }, at: 600 } },
      { service: 'b', version: 1, reported: { values: { z: 1 }, times: { z: 600 }, at: 600 } },
    ]);
    expect(twins.read('huawei', 'd', 'b')).toHaveLength(1);
    expect(twins.read('huawei', 'd', 'c')).toEqual([]);
  });

  it('keeps desired and reported apart, and tells what is still pending', () => {
    const twins = new MemoryTwins();
    twins.desire('huawei', 'd', [{ service: 'a', values: { x: 1, o: { p: [1, 2] }, n: 3 } }], 10);
    twins.report('huawei', 'd', [{ service: 'a', values: { x: 1, o: { p: [1, 2] }, n: 4 } }], 20);
    expect(twins.read('huawei', 'd')).toMatchObject([{ version: 2, desired: { at: 10 }, reported: { at: 20 } }]);
    expect(twins.pending('huawei', 'd')).toEqual([{ service: 'a', values: { n: 3 } }]);
    twins.desire('huawei', 'd', [{ service: 'a', values: { n: null } }], 30);
    expect(twins.pending('huawei', 'd')).toEqual([]);
  });

  it('of Tencent has one service without a name, and forgets what was desired of it', () => {
    const twins = new MemoryTwins();
    twins.desire('tencent', 'P/D', [{ values: { on: 1, color: 2 } }], 10);
    expect(twins.read('tencent', 'P/D')).toEqual([{ version: 1, desired: { values: { on: 1, color: 2 }, times: { on: 10, color: 10 }, at: 10 } }]);
    twins.forgetDesired('tencent', 'P/D', [{ values: { on: 0 } }]);
    expect(twins.pending('tencent', 'P/D')).toEqual([{ values: { color: 2 } }]);
    twins.forgetDesired('tencent', 'P/D');
    expect(twins.read('tencent', 'P/D')).toEqual([{ version: 3 }]);
    twins.forgetDesired('tencent', 'nobody');
    expect(twins.read('tencent', 'nobody')).toEqual([]);
  });

  it('knows of each property the last value and its time, whichever were reported together and in whatever order', () => {
    const report = fc.record({ at: fc.integer({ min: 0, max: 50 }), values: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', '__proto__'), fc.option(fc.integer()), { noNullPrototype: false }) });
    fc.assert(fc.property(fc.array(report, { minLength: 1 }), fc.boolean(), (reports, readsBetween) => {
      const twins = new MemoryTwins();
      const expected = new Map<string, readonly [value: number | null, at: number]>();
      let latest = 0;
      for (const { at, values } of reports) {
        twins.report('tencent', 'P/d', [{ values, at }], 1000);
        for (const [name, value] of Object.entries(values)) {
          expected.set(name, [value, at]);
          latest = Math.max(latest, at);
        }
        if (readsBetween) twins.read('tencent', 'P/d');
      }
      const [twin] = twins.read('tencent', 'P/d');
      expect(twin?.version).toBe(reports.length);
      if (expected.size === 0) {
        expect(twin).not.toHaveProperty('reported');
        return;
      }
      expect(new Map(Object.entries(twin?.reported?.values ?? {}))).toEqual(new Map([...expected].map(([name, [value]]) => [name, value])));
      expect(new Map(Object.entries(twin?.reported?.times ?? {}))).toEqual(new Map([...expected].map(([name, [, at]]) => [name, at])));
      expect(twin?.reported?.at).toBe(latest);
    }));
  });

  it('takes names such as __proto__ as plain data', () => {
    const twins = new MemoryTwins();
    twins.report('huawei', 'd', [{ service: '__proto__', values: parse('{"__proto__":1,"constructor":2}') }], 1);
    twins.desire('huawei', 'd', [{ service: 'toString', values: parse('{"__proto__":5}') }], 1);
    expect(JSON.stringify(twins.read('huawei', 'd', '__proto__')[0]?.reported?.values)).toBe('{"__proto__":1,"constructor":2}');
    expect(JSON.stringify(twins.pending('huawei', 'd'))).toBe('[{"service":"toString","values":{"__proto__":5}}]');
    expect(({} as Record<string, unknown>)['1']).toBeUndefined();
  });

  it('keeps devices and clouds apart and is gone after it was deleted', () => {
    const twins = new MemoryTwins();
    for (const cloud of ['huawei', 'tencent'] as const) twins.report(cloud, 'd', [{ values: { x: cloud } }], 1);
    twins.delete('huawei', 'd');
    expect(twins.read('huawei', 'd')).toEqual([]);
    expect(twins.read('tencent', 'd')).toMatchObject([{ reported: { values: { x: 'tencent' } } }]);
  });
});
