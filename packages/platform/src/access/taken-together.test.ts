import { describe, expect, it } from 'vitest';
import { TakenTogether } from './taken-together.ts';

/** Uplinks that write down in `told` what became of them. */
function uplinksOf(told: string[]): (name: string) => { onTaken(): void; onFailed(error: unknown): void } {
  return (name) => ({
    onTaken: () => void told.push(`${name} taken`),
    onFailed: (error) => void told.push(`${name} ${String(error)}`),
  });
}

const settled = async (promise: Promise<void>): Promise<void> => {
  await promise.catch(() => undefined);
  await new Promise((resolve) => void setImmediate(resolve));
};

describe('uplinks that are taken together', () => {
  it('are told in their order what became of the promise that they share, each once', async () => {
    const told: string[] = [];
    const uplink = uplinksOf(told);
    const together = new TakenTogether();
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    for (const name of ['a', 'b']) together.wait(first.promise, uplink(name));
    for (const name of ['c', 'd']) together.wait(second.promise, uplink(name));
    together.wait(first.promise, uplink('e'));
    second.reject(new Error('disk'));
    await settled(second.promise);
    expect(told).toEqual(['c Error: disk', 'd Error: disk']);
    first.resolve();
    await settled(first.promise);
    expect(told.slice(2)).toEqual(['a taken', 'b taken', 'e taken']);
  });

  it('are told of a promise that has settled already, too', async () => {
    const told: string[] = [];
    const uplink = uplinksOf(told);
    const together = new TakenTogether();
    const { promise, resolve } = Promise.withResolvers<void>();
    together.wait(promise, uplink('a'));
    resolve();
    await settled(promise);
    together.wait(promise, uplink('b'));
    await settled(promise);
    expect(told).toEqual(['a taken', 'b taken']);
  });

  it('may bring others of the same promise while they are told', async () => {
    const told: string[] = [];
    const uplink = uplinksOf(told);
    const together = new TakenTogether();
    const promise = Promise.resolve();
    together.wait(promise, { onTaken: () => together.wait(promise, uplink('b')), onFailed: () => undefined });
    await settled(promise);
    expect(told).toEqual(['b taken']);
  });
});
