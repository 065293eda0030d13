import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Slabs } from './slabs.ts';

const MIB = 1_048_576;

it('what was read stays as it is until it is given back, whoever gives back what meanwhile', () => {
  const step = fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), gives: fc.array(fc.nat({ max: 1000 }), { maxLength: 4 }), halves: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slabs = new Slabs();
      let out: { readonly piece: Uint8Array; readonly mark: number }[] = [];
      for (const [index, { share, gives, halves }] of steps.entries()) {
        const { room } = slabs;
        // The one who reads asks when it likes, and what is given back meanwhile changes nothing about it.
        for (const each of gives) {
          const [given] = out.splice(each % Math.max(1, out.length), 1);
          if (given === undefined) continue;
          const middle = halves ? Math.floor(given.piece.length / 2) : 0;
          for (const part of [given.piece.subarray(0, middle), given.piece.subarray(middle)]) slabs.release(part);
        }
        const count = Math.max(1, Math.floor(share * room.length));
        const mark = index % 256;
        room.fill(mark, 0, count);
        const piece = slabs.take(count);
        expect([piece.length, piece.buffer]).toEqual([count, room.buffer]);
        out = [...out, { piece, mark }];
        for (const { piece: bytes, mark: expected } of out) if (bytes.some((byte) => byte !== expected)) throw new Error(`piece ${expected} was overwritten`);
      }
    }),
    { numRuns: 60 },
  );
});

it('memory is read into again once all of it has been given back, and what is not given back is left to its owner', () => {
  const slabs = new Slabs();
  const seen = new Set<ArrayBufferLike>();
  const read = (): Buffer => {
    const piece = slabs.take(slabs.room.length);
    seen.add(piece.buffer);
    return piece;
  };
  for (let bytes = 0; bytes < 20 * MIB; ) {
    const piece = read();
    bytes += piece.length;
    slabs.release(piece);
  }
  expect(seen.size).toBe(1);
  // As with a write that is under way while the next bytes are read.
  const held: Buffer[] = [];
  for (let bytes = 0; bytes < 20 * MIB; ) {
    const piece = read();
    bytes += piece.length;
    held.push(piece);
    if (held.length > 8) slabs.release(held.shift() as Buffer);
  }
  expect(seen.size).toBeLessThanOrEqual(4);
  const kept = read();
  slabs.release(Buffer.from('somebody else'));
  for (let bytes = 0; bytes < 3 * MIB; ) {
    const piece = read();
    bytes += piece.length;
    expect(piece.byteOffset < kept.byteOffset + kept.length && kept.byteOffset < piece.byteOffset + piece.length && piece.buffer === kept.buffer).toBe(false);
    slabs.release(piece);
  }
});
