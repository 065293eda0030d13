// kill -9 at any moment: every report that was told to be stored is there afterwards.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { openStorage } from './storage.ts';
import { child, Folder } from './storage.fixtures.ts';

const NIGHTLY = process.env['LIANYUN_NIGHTLY'] === '1';
const FOLDERS = NIGHTLY ? 25 : 1;
/** One after the other on the same folder. */
const KILLS = 6;
const DEVICES = 25;

/** Runs the child until it has told of `lines` turns and `more` microtasks went by; resolves with the first number that was not told. */
async function killedAfter(directory: string, from: number, lines: number): Promise<number> {
  const program = child('crash.child.ts', directory, String(from));
  let stored = from;
  let count = 0;
  const ended = once(program, 'exit');
  if (program.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: program.stdout })) {
    stored = Number(line);
    // It goes on meanwhile: the signal meets it anywhere in its work.
    if (++count === lines) program.kill('SIGKILL');
  }
  expect((await ended)[1]).toBe('SIGKILL');
  return stored;
}

describe('A process that is killed while it takes in reports', () => {
  it(`has lost none that it acknowledged, ${KILLS} times in a row on each of ${FOLDERS} folder(s)`, { timeout: FOLDERS * 60_000 }, async () => {
    for (let number = 0; number < FOLDERS; number++) await killAgainAndAgain(number * KILLS);
  });
});

async function killAgainAndAgain(seed: number): Promise<void> {
  using folder = new Folder();
  let from = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    // Some lives end before the tables follow the journal, some long after.
    const stored = await killedAfter(folder.path, from, 1 + (((seed + kill) * 7919) % 500));
    await using storage = openStorage({ directory: folder.path, historyDays: 36_500 });
    let found = 0;
    let last = -1;
    for (let device = 0; device < DEVICES; device++) {
      const { points } = storage.history.query({ cloud: 'huawei', device: `d${device}`, service: 's', property: 'number', from: 0, to: Number.MAX_SAFE_INTEGER - 1, limit: 1_000_000 });
      const numbers = points.map(({ value }) => Number(value)).reverse();
      // Each once, without a gap: at least up to what was told.
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => device + index * DEVICES));
      found += numbers.length;
      last = Math.max(last, numbers.at(-1) ?? -1);
      const [twin] = storage.twins.read('huawei', `d${device}`);
      expect(twin?.version).toBe(numbers.length);
      expect(twin?.reported?.values['number']).toBe(numbers.at(-1));
    }
    expect(found).toBe(last + 1);
    expect(found).toBeGreaterThanOrEqual(stored);
    // A turn is there as a whole or not at all, with its event, messages and change of a list; of these the latest are kept.
    expect(found % 40).toBe(0);
    const turns = found / 40;
    const latest = (kept: number) => Array.from({ length: Math.min(kept, turns) }, (_, index) => found - index * 40);
    const { items } = storage.events.list('huawei', 'e', { from: 0, to: Number.MAX_SAFE_INTEGER - 1, limit: 2000 });
    expect(items.map(({ params }) => params['number'])).toEqual(latest(1000));
    expect(storage.mailbox.received('huawei', 'e').map(({ message }) => 'content' in message && message.content).toReversed()).toEqual(latest(100));
    const letters = new Map(storage.mailbox.letters('huawei', 'e').map(({ id, content, status }) => [id, [content, status]]));
    expect([...letters.values()].toSorted(([a], [b]) => Number(b) - Number(a))).toEqual(latest(20).map((number) => [number, number % 120 === 0 ? 'pending' : 'delivered']));
    expect(storage.mailbox.mayWait('huawei', 'e')).toBe([...letters.values()].some(([, status]) => status === 'pending'));
    expect(storage.gatewayLists.version('e')).toBe(turns === 0 ? undefined : turns);
    expect(storage.gatewayLists.since('e', 0).map(({ version }) => version).toReversed()).toEqual(latest(100).map((number) => number / 40));
    from = found;
  }
  expect(from).toBeGreaterThan(0);
}
