import { describe, expect, it } from 'vitest';
import type { HistoryQuery } from './history.ts';
import { MemoryHistory } from './memory-history.ts';

const ask = (history: MemoryHistory, query: Partial<HistoryQuery> = {}): [number, unknown][] =>
  history.query({ cloud: 'tencent', device: 'P/d', property: 'a', from: 0, to: 1000, limit: 100, ...query }).points.map(({ at, value }) => [at, value]);

describe('a history in memory', () => {
  it('keeps the last reports of all devices together, and gives back those of one', () => {
    const history = new MemoryHistory({ limit: 5 });
    for (let at = 1; at <= 8; at++) history.add(history.trail('tencent', at % 2 === 0 ? 'P/d' : 'P/other'), [{ values: { a: at } }], at);
    expect(ask(history)).toEqual([[8, 8], [6, 6], [4, 4]]);
    expect(ask(history, { device: 'P/other' })).toEqual([[7, 7], [5, 5]]);
    expect(ask(history, { cloud: 'huawei' })).toEqual([]);
  });

  it('keeps values as they were: integers beyond 2^53, any text, names such as __proto__', () => {
    const history = new MemoryHistory();
    const values = JSON.parse('{"__proto__":{"x":[1,null,true]},"a":"云\\u0000"}') as { a: string };
    history.add(history.trail('tencent', 'P/d'), [{ values, at: 7 }], 9);
    // A value that JSON alone would round.
    history.add(history.trail('tencent', 'P/d'), [{ values: { a: 9007199254740993n } }], 8);
    expect(ask(history)).toEqual([[8, 9007199254740993n], [7, '云\u0000']]);
    expect(ask(history, { property: '__proto__' })).toEqual([[7, { x: [1, null, true] }]]);
  });

  it('tells nothing of a device that was deleted, not even when it comes again', () => {
    const history = new MemoryHistory();
    history.add(history.trail('tencent', 'P/d'), [{ values: { a: 1 } }], 1);
    history.delete('tencent', 'P/d');
    expect(ask(history)).toEqual([]);
    history.add(history.trail('tencent', 'P/d'), [{ values: { a: 2 } }], 2);
    expect(ask(history)).toEqual([[2, 2]]);
  });

  it('ends where reports had to go because others were large', () => {
    const history = new MemoryHistory({ maxBytes: 2_097_152 });
    const large = 'x'.repeat(900_000);
    for (let at = 1; at <= 4; at++) history.add(history.trail('tencent', 'P/d'), [{ values: { a: at, large } }], at);
    expect(ask(history)).toEqual([[4, 4], [3, 3]]);
  });
});
