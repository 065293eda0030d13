// kill -9 at any moment: every object that was told to be stored is there, whole, and nothing else is left in the folder.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { systemClock } from '@lianyun/protocol';
import { expect, it } from 'vitest';
import { openStorage } from '../storage/storage.ts';
import { child, Folder } from '../storage/storage.fixtures.ts';
import { Objects } from './objects.ts';

const KILLS = process.env['LIANYUN_NIGHTLY'] === '1' ? 200 : 5;
const PLACES = 5;

/** Runs the child until it has told of `lines` objects; resolves with the last number that it told, after it is dead. */
async function killedAfter(directory: string, from: number, lines: number): Promise<number> {
  const program = child('../objects/crash.child.ts', directory, String(from));
  const ended = once(program, 'exit');
  if (program.stdout === null) throw new Error('no stdout');
  let told = from - 1;
  let count = 0;
  for await (const line of createInterface({ input: program.stdout })) {
    told = Number(line);
    // It goes on meanwhile: the signal meets it anywhere in its work.
    if (++count === lines) program.kill('SIGKILL');
  }
  expect((await ended)[1]).toBe('SIGKILL');
  return told;
}

it(`A process that is killed while it takes in objects has lost none that it told of, ${KILLS} times in a row`, { timeout: KILLS * 20_000 }, async () => {
  using folder = new Folder();
  let from = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const told = await killedAfter(folder.path, from, PLACES + ((kill * 31) % 15));
    await using storage = openStorage({ directory: folder.path });
    const objects = new Objects({ storage, clock: systemClock });
    const found = objects.list('b', { limit: 100 }).items;
    const numbers = found.map(({ type }) => Number(type)).sort((a, b) => a - b);
    // The latest of each place: all that was told of, and perhaps the one that was under way.
    expect(numbers).toHaveLength(PLACES);
    expect(numbers.at(-1)).toBeGreaterThanOrEqual(told);
    expect(numbers.at(-1)).toBeLessThanOrEqual(told + 1);
    expect(numbers).toEqual(Array.from({ length: PLACES }, (_, index) => (numbers.at(-1) ?? 0) - PLACES + 1 + index));
    for (const object of found) {
      const number = Number(object.type);
      expect([object.key, object.bytes]).toEqual([`k${number % PLACES}`, 3 * (1 + ((number * 7919) % 50_000))]);
      const bytes = Buffer.concat(await (await objects.read(object)).toArray());
      expect([bytes.length, createHash('sha256').update(bytes).digest('hex'), bytes.every((byte) => byte === number % 251)]).toEqual([object.bytes, object.sha256, true]);
    }
    expect(readdirSync(folder.file('objects')).sort()).toEqual(found.map(({ blob }) => blob).sort());
    from = (numbers.at(-1) ?? 0) + 1;
  }
});
