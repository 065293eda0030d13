import { cpSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { LianyunError } from '@lianyun/protocol';
import { describe, expect, it, vi } from 'vitest';
import { Database } from './database.ts';
import { openStorage, type Storage } from './storage.ts';
import { deviceRecord, Folder, HandClock, HUAWEI_PRODUCT } from './storage.fixtures.ts';

const clock = new HandClock();
const open = (folder: Folder, limitBytes?: number) => openStorage({ directory: folder.path, clock, ...(limitBytes === undefined ? {} : { limitBytes }) });
const values = (storage: Storage, device: string) => storage.history.query({ cloud: 'huawei', device, property: 'x', from: 0, to: clock.at, limit: 9 }).points.map(({ value }) => value);
const report = (storage: Storage, device: string, x: number | string) => storage.twins.report('huawei', device, [{ values: { x } }], clock.at);

/** What another connection would see: a copy of the files as they are now. */
async function copied<T>(folder: Folder, look: (storage: Storage) => T): Promise<T> {
  using copy = new Folder();
  cpSync(folder.path, copy.path, { recursive: true });
  await using storage = open(copy);
  return look(storage);
}

describe('a turn', () => {
  it('is stored as one at its end, and read in the same process before', async () => {
    using folder = new Folder();
    await using storage = open(folder);
    await storage.stored();
    expect(storage.stored()).toBeUndefined();
    storage.registryStore.putProduct(HUAWEI_PRODUCT);
    storage.registryStore.putDevice(deviceRecord(1));
    report(storage, 'd', 1);
    const stored = storage.stored();
    report(storage, 'd', 2);
    // One promise for everybody: a fleet waits for one commit.
    expect(storage.stored()).toBe(stored);
    expect(storage.registryStore.devices({ cloud: 'huawei', limit: 9 }).total).toBe(1);
    expect([storage.twins.read('huawei', 'd')[0]?.version, values(storage, 'd')]).toEqual([2, [2, 1]]);
    expect(await copied(folder, (other) => [other.registryStore.device('huawei', 'p_d1'), other.twins.read('huawei', 'd')])).toEqual([undefined, []]);
  });

  it('is in the files when its promise resolves', async () => {
    using folder = new Folder();
    await using storage = open(folder);
    storage.registryStore.putDevice(deviceRecord(1));
    report(storage, 'd', 1);
    await storage.stored();
    expect(await copied(folder, (other) => [other.registryStore.device('huawei', 'p_d1')?.serial, values(other, 'd')])).toEqual([1, [1]]);
  });

  it('of a storage in memory is stored at once', () => {
    const storage = openStorage({ clock });
    report(storage, 'd', 1);
    expect(storage.stored()).toBeUndefined();
  });
});

describe('a turn that cannot be stored', () => {
  /** A storage that may grow no more, with something in it. */
  async function full(folder: Folder): Promise<{ storage: Storage; faults: LianyunError[] }> {
    const first = open(folder);
    first.registryStore.putProduct(HUAWEI_PRODUCT);
    first.registryStore.putDevice(deviceRecord(1));
    report(first, 'd', 1);
    await first.close();
    const storage = open(folder, 1);
    const faults: LianyunError[] = [];
    storage.onFault((fault) => faults.push(fault));
    report(storage, 'd', 2);
    await storage.stored();
    return { storage, faults };
  }

  it('rejects for everybody in it, is told once, and is undone as a whole; the next ones are taken again', async () => {
    using folder = new Folder();
    const { storage, faults } = await full(folder);
    const serial = storage.registryStore.nextSerial();
    report(storage, 'd', 3);
    storage.registryStore.putDevice(deviceRecord(1, { name: 'changed' }));
    report(storage, 'big', 'x'.repeat(100_000));
    const stored = [storage.stored(), storage.stored()];
    for (const each of stored) await expect(each).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringMatching(/lianyun\.db cannot grow: the disk is full.*Make room/s) });
    expect(faults).toHaveLength(1);
    // In memory as in the file.
    expect([values(storage, 'd'), storage.twins.read('huawei', 'big'), storage.registryStore.device('huawei', 'p_d1')?.name]).toEqual([[2, 1], [], 'd1']);
    report(storage, 'd', 4);
    await storage.stored();
    expect([values(storage, 'd'), storage.twins.read('huawei', 'd')[0]?.version]).toEqual([[4, 2, 1], 3]);
    expect(storage.registryStore.nextSerial()).toBeGreaterThan(serial);
    await storage.close();
    await using again = open(folder);
    expect([values(again, 'd'), again.twins.read('huawei', 'big'), again.registryStore.device('huawei', 'p_d1')?.name]).toEqual([[4, 2, 1], [], 'd1']);
  });

  it('is undone for events, messages and lists as well, in memory as in the file', async () => {
    using folder = new Folder();
    const letter = { id: 'm1', content: 'x', format: 'standard', encoding: 'none', status: 'pending', createdAt: clock.at, expiresAt: clock.at + 1 } as const;
    const first = open(folder);
    for (let number = 0; number < 1000; number++) first.events.add('huawei', 'd', [{ name: `n${number}`, params: {} }], clock.at);
    for (let number = 0; number < 100; number++) first.mailbox.receive('huawei', 'd', { content: number }, clock.at);
    first.mailbox.put('huawei', 'd', letter);
    first.gatewayLists.begin('gw', 1);
    await first.close();
    const storage = open(folder, statSync(folder.file('lianyun.db')).size + 50_000);
    const seen = () => ({
      events: storage.events.list('huawei', 'd', { from: 0, to: clock.at, limit: 2000 }).items.map(({ name }) => name),
      received: storage.mailbox.received('huawei', 'd').map(({ message }) => 'content' in message && message.content),
      letters: [storage.mailbox.letters('huawei', 'd'), ['d', 'e'].map((device) => storage.mailbox.mayWait('huawei', device))],
      list: [storage.gatewayLists.version('gw'), storage.gatewayLists.since('gw', 0)],
    });
    const before = seen();
    expect([before.events.length, before.received.length, before.letters[1]]).toEqual([1000, 100, [true, false]]);
    storage.events.add('huawei', 'd', [{ name: 'lost', params: {} }], clock.at);
    storage.mailbox.receive('huawei', 'd', { content: 'lost' }, clock.at);
    storage.mailbox.put('huawei', 'd', { ...letter, status: 'delivered' });
    storage.mailbox.put('huawei', 'e', letter);
    storage.gatewayLists.add('gw', { version: 2, change: 'added', children: [] });
    report(storage, 'big', 'x'.repeat(100_000));
    await expect(storage.stored()).rejects.toMatchObject({ code: 'storage-failed' });
    expect(seen()).toEqual(before);
    // As full as before: the next one takes the place of the oldest, and of no other.
    storage.events.add('huawei', 'd', [{ name: 'new', params: {} }], clock.at);
    storage.mailbox.receive('huawei', 'd', { content: 'new' }, clock.at);
    await storage.stored();
    expect(seen()).toMatchObject({ events: ['new', ...before.events.slice(0, -1)], received: [...before.received.slice(1), 'new'] });
    await storage.close();
  });

  it('fails at once for what it cannot write, and leaves nobody with a rejection that nobody handles', async () => {
    using folder = new Folder();
    const { storage, faults } = await full(folder);
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    report(storage, 'd', 3);
    expect(() => storage.registryStore.putDevice(deviceRecord(2, { description: 'x'.repeat(100_000) }))).toThrow(expect.objectContaining({ code: 'storage-failed' }));
    // The same turn is lost already.
    expect(() => storage.registryStore.putDevice(deviceRecord(3))).toThrow(expect.objectContaining({ code: 'storage-failed' }));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(faults).toHaveLength(1);
    expect(values(storage, 'd')).toEqual([2, 1]);
    expect(storage.registryStore.devices({ cloud: 'huawei', limit: 9 }).total).toBe(1);
    await storage.close();
  });

  it('rejects when the storage was closed', async () => {
    using folder = new Folder();
    const storage = open(folder);
    await storage.close();
    try {
      report(storage, 'd', 1);
    } catch {
      // At once or with the turn.
    }
    await expect(storage.stored()).rejects.toMatchObject({ code: 'storage-failed' });
  });
});

describe('many turns', () => {
  it('of a crowd are one transaction, as long as it goes on; those of few are one each', async () => {
    using folder = new Folder();
    await using storage = open(folder);
    await storage.stored();
    const commit = vi.spyOn(Database.prototype, 'commit');
    /** Transactions after a turn with so many reports. */
    const after = async (reports: number): Promise<number> => {
      for (let x = 0; x < reports; x++) report(storage, `d${x}`, x);
      await new Promise((resolve) => void setImmediate(resolve));
      return commit.mock.calls.length;
    };
    try {
      expect([await after(20), await after(20), await after(20), await after(20)]).toEqual([0, 0, 0, 1]);
      await storage.stored();
      expect([await after(20), await after(0)]).toEqual([1, 2]);
      await storage.stored();
      expect(await after(1)).toBe(3);
      await storage.stored();
    } finally {
      commit.mockRestore();
    }
  });

  it('keep the journal short: what many devices report moves into the tables in its order', async () => {
    using folder = new Folder();
    const TOTAL = 140_000;
    const storage = open(folder);
    for (let number = 0; number < TOTAL; number++) {
      storage.twins.report('huawei', `d${number % 700}`, [{ values: { x: number } }], clock.at - TOTAL + number);
      if (number % 1000 === 999) await storage.stored();
      if (number % 9_000 === 0 && number > 0) storage.twins.delete('huawei', 'd3');
    }
    await storage.stored();
    const rows = copiedRows(folder);
    // A round over all devices takes twice as many operations as may wait.
    expect(rows.journal).toBeGreaterThan(32);
    expect(rows.journal).toBeLessThan(80);
    expect(rows.samples).toBeGreaterThan(TOTAL - 40_000);
    const all = (device: string) => storage.history.query({ cloud: 'huawei', device, property: 'x', from: 0, to: clock.at, limit: 99_999 }).points.map(({ value }) => value).reverse();
    const expected = (device: number) => Array.from({ length: Math.ceil((TOTAL - device) / 700) }, (_, index) => device + index * 700);
    for (const device of [0, 1, 350, 699]) expect(all(`d${device}`)).toEqual(expected(device));
    expect(all('d3')).toEqual(expected(3).filter((number) => number > 135_000));
    await storage.close();
  });
});

/** How many rows the tables have as they are in the files now. */
function copiedRows(folder: Folder): { journal: number; samples: number } {
  using copy = new Folder();
  cpSync(folder.path, copy.path, { recursive: true });
  const database = new DatabaseSync(copy.file('lianyun.db'));
  const count = (table: string) => Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']);
  const rows = { journal: count('journal'), samples: Number(database.prepare('SELECT sum(json_array_length(samples) - 1) AS count FROM chunks').get()?.['count']) };
  database.close();
  return rows;
}
