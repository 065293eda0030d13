// One suite, two implementations: what holds in memory holds in the database, before and after a restart.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OBJECTS, type StoredObject } from '../objects/objects.ts';
import { openStorage, type Storage } from './storage.ts';
import { Folder, HandClock } from './storage.fixtures.ts';

const clock = new HandClock();

type Kind = (test: (open: { storage: Storage; again(): Promise<void> }) => Promise<void>) => Promise<void>;

const inMemory: Kind = async (test) => {
  await using storage = openStorage({ clock });
  await test({ storage, again: async () => undefined });
};

const inDatabase: Kind = async (test) => {
  using folder = new Folder();
  const open = {
    storage: openStorage({ directory: folder.path, clock }),
    async again() {
      await open.storage.close();
      open.storage = openStorage({ directory: folder.path, clock });
    },
  };
  try {
    await test(open);
  } finally {
    await open.storage.close();
  }
};

const kinds: readonly (readonly [string, Kind])[] = [['in memory', inMemory], ['in the database', inDatabase]];

const object = (serial: number, changes: Partial<StoredObject> = {}): StoredObject => ({
  bucket: 'b', key: `k${serial}`, blob: `blob-${serial}`, bytes: 3, sha256: 'aa', md5: 'bb', type: 'text/plain', storedAt: 7, serial, ...changes,
});

describe.each(kinds)('records %s', (_name, run) => {
  it('come back as they were put, are replaced and removed once', () => run(async (open) => {
    const store = open.storage.records(OBJECTS);
    store.put(object(1, { key: '密钥 \u0000 __proto__', type: '' }));
    store.put(object(2, { bucket: '__proto__' }));
    store.put(object(3));
    store.put(object(4, { key: 'k3', blob: 'another' }));
    for (let round = 0; round < 2; round++) {
      const read = open.storage.records(OBJECTS);
      expect(read.get({ bucket: 'b', key: '密钥 \u0000 __proto__' })).toEqual(object(1, { key: '密钥 \u0000 __proto__', type: '' }));
      expect(read.get({ bucket: '__proto__', key: 'k2' })).toEqual(object(2, { bucket: '__proto__' }));
      expect(read.get({ bucket: 'b', key: 'k3' })).toEqual(object(4, { key: 'k3', blob: 'another' }));
      expect(read.get({ bucket: 'b', key: 'toString' })).toBeUndefined();
      await open.again();
    }
    const after = open.storage.records(OBJECTS);
    expect([after.remove({ bucket: 'b', key: 'k3' }), after.remove({ bucket: 'b', key: 'k3' })]).toEqual([true, false]);
    await open.again();
    expect(open.storage.records(OBJECTS).get({ bucket: 'b', key: 'k3' })).toBeUndefined();
    expect(open.storage.records(OBJECTS).page({ bucket: 'b' }, { limit: 9 })).toMatchObject({ total: 1 });
  }));

  it('page the newest first by every column, and count them all', () => run(async (open) => {
    for (let serial = 1; serial <= 9; serial++) open.storage.records(OBJECTS).put(object(serial, { bucket: serial % 3 === 0 ? 'third' : 'b' }));
    const serials = (where: object, page: object = {}) => {
      const { items, total } = open.storage.records(OBJECTS).page(where, { limit: 3, ...page });
      return [items.map(({ serial }) => serial), total];
    };
    for (let round = 0; round < 2; round++) {
      expect(serials({})).toEqual([[9, 8, 7], 9]);
      expect(serials({ bucket: 'third' })).toEqual([[9, 6, 3], 3]);
      expect(serials({ bucket: 'b' }, { before: 7 })).toEqual([[5, 4, 2], 6]);
      expect(serials({ bucket: 'b' }, { before: 8, offset: 1, limit: 2 })).toEqual([[5, 4], 6]);
      expect(serials({ bucket: 'b', blob: 'blob-4' })).toEqual([[4], 1]);
      expect(serials({ bucket: 'none' })).toEqual([[], 0]);
      await open.again();
    }
  }));
});

describe('secrets of the platform', () => {
  it('are the same after a restart, and stand in no file as they are', async () => {
    using folder = new Folder();
    const first = openStorage({ directory: folder.path, clock });
    const secret = first.secret('grants');
    expect([first.secret('grants') === secret, first.secret('other') === secret]).toEqual([true, false]);
    await first.close();
    const second = openStorage({ directory: folder.path, clock });
    expect(second.secret('grants')).toBe(secret);
    await second.close();
    for (const file of readdirSync(folder.path)) expect(readFileSync(folder.file(file)).includes(secret)).toBe(false);
    expect(openStorage({ clock }).secret('grants')).not.toBe(secret);
  });

  it('are not given out when the key file is another', async () => {
    using folder = new Folder();
    const first = openStorage({ directory: folder.path, clock });
    first.secret('grants');
    await first.close();
    writeFileSync(folder.file('secrets.key'), `${Buffer.alloc(32, 1).toString('base64')}\n`, { mode: 0o600 });
    expect(() => openStorage({ directory: folder.path, clock })).toThrow(expect.objectContaining({ code: 'bad-config' }));
  });
});
