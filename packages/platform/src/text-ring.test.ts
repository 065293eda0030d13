import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextRing } from './text-ring.ts';

const MIB = 1_048_576;
const kept = (ring: TextRing, count: number): (string | undefined)[] => Array.from({ length: count }, (_, index) => ring.get(index + 1));

describe('a ring of texts', () => {
  it('keeps the last texts up to its limit, whatever their characters', () => {
    const ring = new TextRing({ limit: 3, maxBytes: MIB });
    expect([ring.oldest, ring.get(0), ring.get(1)]).toEqual([1, undefined, undefined]);
    expect(['a', '云', '', '😀 and more'].map((text) => ring.push(text))).toEqual([1, 2, 3, 4]);
    expect([ring.oldest, ...kept(ring, 5)]).toEqual([2, undefined, '云', '', '😀 and more', undefined]);
  });

  it('keeps fewer when they take more room than there is, the latest however large it is', () => {
    const ring = new TextRing({ limit: 100, maxBytes: 2 * MIB });
    const large = '云'.repeat(MIB);
    for (const text of ['x'.repeat(MIB), 'y'.repeat(MIB), 'z', large]) ring.push(text);
    expect([ring.oldest, kept(ring, 4)]).toEqual([4, [undefined, undefined, undefined, large]]);
    ring.push('after');
    expect([ring.oldest, ring.get(5)]).toEqual([5, 'after']);
  });

  it('holds no more pages than its texts need: what it lets go of is written anew', () => {
    const before = process.memoryUsage().arrayBuffers;
    const ring = new TextRing({ limit: 100, maxBytes: 1024 * MIB });
    for (let i = 0; i < 20_000; i++) ring.push('x'.repeat(10_000));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * MIB);
    expect(ring.oldest).toBe(19_901);
  });

  it('gives back what was taken, for any texts and limits', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((each) => each.repeat(4000));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 120 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 4 }), (texts, limit, mib) => {
        const ring = new TextRing({ limit, maxBytes: mib * MIB });
        for (const each of texts) ring.push(each);
        expect(texts.length - ring.oldest).toBeLessThan(limit);
        for (const [index, each] of texts.entries()) expect(ring.get(index + 1)).toBe(index + 1 < ring.oldest ? undefined : each);
      }),
      { numRuns: 50 },
    );
  });
});
