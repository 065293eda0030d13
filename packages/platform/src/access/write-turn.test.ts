import { TurnWriter } from '@lianyun/protocol/mqtt';
import { describe, expect, it } from 'vitest';
import { WriteTurn } from './write-turn.ts';

/** Writers that share a turn; `written` has the numbers of those that have written, in order. */
function writersOf(turn: WriteTurn, count: number): { readonly writers: readonly TurnWriter[]; readonly written: number[] } {
  const written: number[] = [];
  const writers = Array.from({ length: count }, (_, index) => new TurnWriter({ version: 4, write: () => void written.push(index) }, turn));
  return { writers, written };
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a write turn', () => {
  it('has all writers write when the turn ends, in the order in which they began, each once', async () => {
    const { writers, written } = writersOf(new WriteTurn(), 3);
    for (const at of [2, 0, 1, 2, 0]) writers[at]?.puback(1);
    expect(written).toEqual([]);
    await endOfTurn();
    expect(written).toEqual([2, 0, 1]);
  });

  it('does not let the first of a thousand wait for the last', async () => {
    const { writers, written } = writersOf(new WriteTurn(), 1000);
    const waits = writers.map((writer, index) => {
      writer.puback(1);
      return index + 1 - written.length;
    });
    expect(Math.max(...waits)).toBeLessThan(100);
    expect(written.length).toBeGreaterThan(900);
    await endOfTurn();
    expect(written).toEqual(writers.map((_, index) => index));
  });

  it('begins anew after it ended', async () => {
    const { writers, written } = writersOf(new WriteTurn(), 2);
    for (const writer of writers) {
      writer.puback(1);
      await endOfTurn();
    }
    expect(written).toEqual([0, 1]);
  });
});
