import { cpSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openStorage } from './storage.ts';
import { Folder, HandClock } from './storage.fixtures.ts';

const DAY = 86_400_000;

/** What a question in SQL counts in the files as they are now. */
function count(folder: Folder, sql: string): number {
  using copy = new Folder();
  cpSync(folder.path, copy.path, { recursive: true });
  const database = new DatabaseSync(copy.file('lianyun.db'));
  const { count: counted } = database.prepare(sql).get() ?? {};
  database.close();
  return Number(counted);
}

const rows = (folder: Folder, table: string): number => count(folder, `SELECT count(*) AS count FROM ${table}`);
/** How many reports the history has, and how many of them are older than `at`. */
const samples = (folder: Folder): number => count(folder, 'SELECT coalesce(sum(json_array_length(samples) - 1), 0) AS count FROM chunks');
const olderThan = (folder: Folder, at: number): number => count(folder, `SELECT count(*) AS count FROM chunks WHERE last_at < ${at}`);

/** A folder in which `devices` devices reported `each` values, one a minute, the last one now. */
async function filled(clock: HandClock, devices: number, each: number): Promise<Folder> {
  const folder = new Folder();
  const storage = openStorage({ directory: folder.path, clock });
  for (let device = 0; device < devices; device++) {
    for (let n = 0; n < each; n++) storage.twins.report('huawei', `d${device}`, [{ values: { x: n }, at: clock.at - (each - 1 - n) * 60_000 }], clock.at);
  }
  await storage.close();
  return folder;
}

describe('the history', () => {
  it('loses what is too old step by step, and keeps the rest', async () => {
    const clock = new HandClock();
    using folder = await filled(clock, 12, 3000);
    await using storage = openStorage({ directory: folder.path, clock, historyDays: 1 });
    expect([samples(folder), rows(folder, 'chunks')]).toEqual([36_000, 12 * 94]);
    const counts: number[] = [];
    for (let step = 0; step < 4; step++) {
      clock.pass(1000);
      await storage.stored();
      counts.push(rows(folder, 'chunks'));
    }
    // Of each device 1,560 reports are too old: 48 chunks and a half.
    expect(counts).toEqual([628, 552, 552, 552]);
    expect([samples(folder), olderThan(folder, clock.at - DAY)]).toEqual([12 * (3000 - 48 * 32), 0]);
    clock.pass(DAY / 2);
    await storage.stored();
    expect(olderThan(folder, clock.at - DAY)).toBe(0);
    expect(samples(folder)).toBeLessThan(12 * (720 + 32));
    // What is too old and in one chunk with what is not does not show.
    const { points } = storage.history.query({ cloud: 'huawei', device: 'd0', property: 'x', from: 0, to: clock.at, limit: 5000 });
    expect(points.at(-1)?.at).toBeGreaterThanOrEqual(clock.at - DAY);
  });

  it('of a deleted device goes, however new it is, and that of another stays', async () => {
    const clock = new HandClock();
    using folder = await filled(clock, 2, 2500);
    await using storage = openStorage({ directory: folder.path, clock });
    storage.twins.delete('huawei', 'd0');
    await storage.stored();
    expect(samples(folder)).toBe(5000);
    for (let step = 0; step < 3; step++) {
      clock.pass(1000);
      await storage.stored();
    }
    expect([samples(folder), rows(folder, 'series'), rows(folder, 'twins')]).toEqual([2500, 1, 1]);
  });

  it('is looked through again an hour after the last round', async () => {
    const clock = new HandClock();
    using folder = await filled(clock, 1, 10);
    await using storage = openStorage({ directory: folder.path, clock, historyDays: 1 });
    clock.pass(1000);
    await storage.stored();
    clock.pass(DAY);
    await storage.stored();
    expect(samples(folder)).toBe(0);
  });
});

describe('events and messages', () => {
  it('go when they arrived too long ago, step by step, whatever time they claim, and make no room that was there', async () => {
    const clock = new HandClock();
    using folder = new Folder();
    await using storage = openStorage({ directory: folder.path, clock, historyDays: 1 });
    const letter = { id: '', content: 'x', format: 'standard', encoding: 'none', status: 'pending', createdAt: clock.at, expiresAt: clock.at + 1 } as const;
    for (let device = 0; device < 7; device++) {
      for (let number = 0; number < 100; number++) {
        storage.events.add('huawei', `d${device}`, [{ name: 'old', params: {}, at: clock.at + DAY }], clock.at);
        storage.mailbox.receive('huawei', `d${device}`, { content: number }, clock.at);
        storage.mailbox.put('huawei', `d${device}`, { ...letter, id: `m${number}` });
      }
    }
    clock.pass(DAY - 10_000);
    storage.events.add('huawei', 'd0', [{ name: 'young', params: {} }], clock.at);
    storage.mailbox.receive('huawei', 'd0', { content: 'young' }, clock.at);
    storage.mailbox.put('huawei', 'd0', { ...letter, id: 'young', createdAt: clock.at });
    await storage.stored();
    const counts = () => ['events', 'received', 'letters'].map((table) => rows(folder, table));
    expect(counts()).toEqual([701, 700, 701]);
    // The round of the hour, and the step behind it.
    clock.pass(3_600_000);
    await storage.stored();
    expect(counts()).toEqual([201, 200, 201]);
    clock.pass(1000);
    await storage.stored();
    expect(counts()).toEqual([1, 1, 1]);
    for (let number = 0; number < 120; number++) storage.mailbox.receive('huawei', 'd1', { content: number }, clock.at);
    expect(storage.mailbox.received('huawei', 'd1')).toHaveLength(100);
    expect(storage.mailbox.letters('huawei', 'd1')).toEqual([]);
  });
});
