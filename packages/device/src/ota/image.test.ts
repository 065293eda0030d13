import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partName } from './image.ts';

it('no two devices of a directory have the same partial file, whatever they are called, and none has one elsewhere', () => {
  expect(partName('d', 'prod1_dev1', 'software')).toBe(path.join('d', 'prod1_dev1-software.part'));
  const names = new Set(['ABCDE12345/a:b', 'ABCDE12345/a_b', 'ABCDE12345_a_b', 'ABCDE12345_a:b', '../a', '_a', '.', '..', 'a\0b', 'a/b', '图', 'a'.repeat(300)].map((device) => partName('d', device, 'firmware')));
  expect(names.size).toBe(12);
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const [first, second] = [partName('d', one, 'firmware'), partName('d', other, 'firmware')];
      expect([path.dirname(first), first === second]).toEqual(['d', one === other]);
    }),
    { numRuns: 50 },
  );
});
