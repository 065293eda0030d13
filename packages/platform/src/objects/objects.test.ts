// One suite, two implementations: objects in memory and in files.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { openStorage } from '../storage/storage.ts';
import { Folder, HandClock } from '../storage/storage.fixtures.ts';
import { MemoryBlobs } from './blobs.ts';
import { Objects } from './objects.ts';

const clock = new HandClock();
const place = { bucket: 'b', key: 'folder/文件.bin' };
const text = async (objects: Objects, at: { bucket: string; key: string } = place, range?: { start: number; end: number }): Promise<string> => {
  const object = objects.find(at);
  if (object === undefined) throw new Error('not there');
  return Buffer.concat(await (await objects.read(object, range)).toArray()).toString();
};
async function* pieces(...all: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) {
    await Promise.resolve();
    if (piece instanceof Error) throw piece;
    yield Buffer.from(piece);
  }
}

describe.each([['in memory', false], ['in files', true]] as const)('objects %s', (_name, isInFiles) => {
  async function run(test: (objects: Objects, files: () => readonly string[]) => Promise<void>): Promise<void> {
    using folder = new Folder();
    await using storage = openStorage({ clock, ...(isInFiles ? { directory: folder.path } : {}) });
    await test(new Objects({ storage, clock }), () => (isInFiles ? readdirSync(folder.file('objects')) : []));
  }

  it('are taken in piece by piece, with size and digests, and read as a whole or in parts', () => run(async (objects) => {
    const put = await objects.put(place, pieces('hello ', '', 'object ', 'store'), { type: 'text/plain' });
    const hash = (algorithm: string) => createHash(algorithm).update('hello object store').digest('hex');
    expect(put).toMatchObject({ ...place, bytes: 18, sha256: hash('sha256'), md5: hash('md5'), type: 'text/plain', storedAt: clock.at });
    expect(objects.find(place)).toEqual(put);
    expect(await text(objects)).toBe('hello object store');
    for (const [start, end] of [[0, 0], [4, 8], [5, 6], [6, 12], [17, 17], [3, 17]] as const) expect(await text(objects, place, { start, end })).toBe('hello object store'.slice(start, end + 1));
    expect(objects.find({ bucket: 'b', key: 'other' })).toBeUndefined();
  }));

  it('may be empty', () => run(async (objects) => {
    expect(await objects.put(place, pieces())).toMatchObject({ bytes: 0, md5: 'd41d8cd98f00b204e9800998ecf8427e' });
    expect(await text(objects)).toBe('');
  }));

  it('leave what was there when a source breaks, grows too large, or is not what was announced', () => run(async (objects, files) => {
    await objects.put(place, pieces('old'));
    const before = files();
    const failures = [
      [pieces('a', new Error('cut')), {}, { message: 'cut' }],
      [pieces('123', '4567'), { maxBytes: 6 }, { code: 'too-large' }],
      [pieces('123'), { bytes: 4 }, { code: 'bad-input', place: { path: 'size' } }],
      [pieces('123'), { digests: [{ algorithm: 'md5', hex: '00' }] }, { code: 'bad-input', place: { path: 'digest' } }],
    ] as const;
    for (const [source, options, error] of failures) await expect(objects.put(place, source, options)).rejects.toMatchObject(error);
    expect(await text(objects)).toBe('old');
    expect(files()).toEqual(before);
    const [md5, sha256] = ['md5', 'sha256'].map((algorithm) => createHash(algorithm).update('new').digest('hex').toUpperCase());
    await objects.put(place, pieces('new'), { bytes: 3, maxBytes: 3, digests: [{ algorithm: 'md5', hex: md5 ?? '' }, { algorithm: 'sha256', hex: sha256 ?? '' }] });
    expect(await text(objects)).toBe('new');
    expect(files()).toHaveLength(before.length);
  }));

  it('are read to their end by whoever began before they were replaced or deleted', () => run(async (objects, files) => {
    const long = 'x'.repeat(3_000_000);
    const old = await objects.put(place, pieces(long, 'end'));
    const stream = await objects.read(old);
    await objects.put(place, pieces('new'));
    expect(await objects.delete(place)).toBe(true);
    expect(Buffer.concat(await stream.toArray()).toString()).toBe(`${long}end`);
    expect([objects.find(place), await objects.delete(place)]).toEqual([undefined, false]);
    await expect(objects.read(old)).rejects.toMatchObject({ code: 'not-found' });
    expect(files()).toEqual([]);
  }));

  it('that are put in one place at the same time leave one of them, whole', () => run(async (objects, files) => {
    const all = await Promise.all(['one', 'two', 'three'].map((each) => objects.put(place, pieces(...each))));
    expect(all.map(({ blob }) => blob)).toContain(objects.find(place)?.blob);
    expect(['one', 'two', 'three']).toContain(await text(objects));
    if (isInFiles) expect(files()).toEqual([objects.find(place)?.blob]);
  }));

  it('go with their bucket, and only they', () => run(async (objects) => {
    for (const key of ['1', '2', '3']) await objects.put({ bucket: 'b', key }, pieces(key));
    await objects.put({ bucket: 'c', key: '1' }, pieces('kept'));
    expect(objects.list('b', { limit: 2 })).toMatchObject({ total: 3, items: [{ key: '3' }, { key: '2' }] });
    await objects.empty('b');
    expect(objects.list('b', { limit: 2 })).toEqual({ total: 0, items: [] });
    expect(await text(objects, { bucket: 'c', key: '1' })).toBe('kept');
  }));

  it('have any name but one that does not survive a URL', () => run(async (objects, files) => {
    for (const key of ['..', 'a/../b', './a', 'a/.', '', 'x'.repeat(1025), '\ud800']) await expect(objects.put({ bucket: 'b', key }, pieces('x'))).rejects.toMatchObject({ code: 'bad-input' });
    for (const bucket of ['', 'a/b', '\ud800']) await expect(objects.put({ bucket, key: 'k' }, pieces('x'))).rejects.toMatchObject({ code: 'bad-input' });
    const odd = ['/etc/passwd', '..\\..\\x', 'a\u0000b', '__proto__', '...', 'a//b', '%2e%2e', 'лампа'];
    for (const key of odd) await objects.put({ bucket: '..', key }, pieces(key));
    for (const key of odd) expect(await text(objects, { bucket: '..', key })).toBe(key);
    for (const file of files()) expect(file).toMatch(/^[0-9a-f]{32}$/);
  }));
});

describe('objects in files', () => {
  it('are there after a restart, closed to others; what a killed process left is not', async () => {
    using folder = new Folder();
    const first = openStorage({ directory: folder.path, clock });
    expect(readdirSync(folder.path)).toEqual(expect.not.arrayContaining(['objects']));
    const { blob } = await new Objects({ storage: first, clock }).put(place, pieces('kept'));
    await first.close();
    const objects = folder.file('objects');
    writeFileSync(`${objects}/${'0'.repeat(32)}`, 'an orphan: its record was never stored');
    writeFileSync(`${objects}/${'1'.repeat(32)}.part`, 'half');
    writeFileSync(`${objects}/notes.txt`, 'not ours');
    mkdirSync(`${objects}/folder`);
    await using second = openStorage({ directory: folder.path, clock });
    expect(readdirSync(objects).sort()).toEqual([blob, 'folder', 'notes.txt'].sort());
    expect(await text(new Objects({ storage: second, clock }))).toBe('kept');
    expect([statSync(objects).mode & 0o777, statSync(`${objects}/${blob}`).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(readFileSync(`${objects}/${blob}`, 'utf8')).toBe('kept');
  });

  it('are taken in without memory of their size', async () => {
    using folder = new Folder();
    await using storage = openStorage({ directory: folder.path, clock, synchronous: 'NORMAL' });
    const objects = new Objects({ storage, clock });
    const piece = Buffer.alloc(1024 * 1024, 1);
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    /** What is held, and not only not collected yet. */
    const held = (): number => {
      collectGarbage();
      return process.memoryUsage().external;
    };
    const start = held();
    let peak = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let each = 0; each < 48; each++) {
        yield piece;
        if (each % 16 === 0) peak = Math.max(peak, held() - start);
      }
    }
    const object = await objects.put(place, source());
    expect(object.bytes).toBe(48 * piece.length);
    let read = 0;
    for await (const chunk of await objects.read(object)) {
      const before = read;
      read += (chunk as Buffer).length;
      if (Math.floor(before / 16e6) !== Math.floor(read / 16e6)) peak = Math.max(peak, held() - start);
    }
    expect(read).toBe(object.bytes);
    expect(peak).toBeLessThan(object.bytes / 8);
  });
});

describe('objects in memory', () => {
  it('are bounded together, and say what to do', async () => {
    const blobs = new MemoryBlobs(10);
    const write = async (bytes: number) => {
      const draft = await blobs.create();
      try {
        await draft.write(Buffer.alloc(bytes));
        return await draft.commit();
      } catch (error) {
        await draft.discard();
        throw error;
      }
    };
    const first = await write(6);
    await expect(write(5)).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('--data') });
    await write(4);
    await blobs.remove(first);
    await blobs.remove(first);
    await write(6);
    await expect(write(1)).rejects.toMatchObject({ code: 'too-large' });
  });
});
