import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { isLianyunError, type ErrorCode } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { systemDisk, type Disk } from '../disk/disk.ts';
import { FileServer, type Asked, type Manners } from '../testing/file-server.ts';
import { temporaryDirectory, turns, until } from '../testing/support.ts';
import { Download } from './download.ts';
import type { DownloadOptions } from './options.ts';
import type { DownloadProgress } from './progress-feed.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const CONTENT = randomBytes(300_000);
const sha256 = (bytes: Buffer) => ({ algorithm: 'sha256' as const, hex: createHash('sha256').update(bytes).digest('hex') });
const md5 = (bytes: Buffer) => ({ algorithm: 'md5' as const, hex: createHash('md5').update(bytes).digest('hex') });

async function scene(manners: Manners | ((asked: Asked) => Manners) = {}) {
  const temporary = await temporaryDirectory();
  const directory = temporary.path;
  const server = await FileServer.listen((asked) => ({ content: CONTENT, ...(typeof manners === 'function' ? manners(asked) : manners) }));
  open.push(temporary, server);
  const clock = new FakeClock();
  const file = path.join(directory, 'app.bin');
  const start = (options: Partial<DownloadOptions> = {}): Download => {
    const download = new Download({ source: () => ({ url: server.url }), file, clock, bytes: CONTENT.length, digest: sha256(CONTENT), ...options });
    // No test waits for the time between two attempts.
    download.on('retry', ({ inMs }) => setImmediate(() => clock.advance(inMs)));
    return download;
  };
  const left = async (): Promise<string[]> => (await fs.readdir(directory)).sort();
  return { server, clock, directory, file, start, left };
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (!isLianyunError(error)) throw new Error(`it did not fail with a code: ${String(error)}`);
  return error.code;
}

describe('a download', () => {
  it('is the whole file under its name, and nothing else', async () => {
    for (const digest of [sha256(CONTENT), md5(CONTENT), { ...md5(CONTENT), hex: md5(CONTENT).hex.toUpperCase() }, undefined]) {
      const { file, start, left, server } = await scene();
      expect(await start({ digest }).done).toBe(file);
      expect(await fs.readFile(file)).toEqual(CONTENT);
      expect(await left()).toEqual(['app.bin']);
      expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
      expect(server.asked).toMatchObject([{ headers: { 'accept-encoding': 'identity' } }]);
      expect(server.asked[0]?.headers).not.toHaveProperty('range');
      expect(server.asked[0]?.headers).not.toHaveProperty('authorization');
    }
  });

  it('needs neither size nor digest where the server says the length or chunks the body', async () => {
    for (const framing of [undefined, 'chunked'] as const) {
      const { file, start } = await scene(framing === undefined ? {} : { framing });
      await start({ digest: undefined, bytes: undefined }).done;
      expect(await fs.readFile(file)).toEqual(CONTENT);
    }
    const { start, left } = await scene({ framing: 'close' });
    expect(await codeOf(start({ digest: undefined, bytes: undefined }).done)).toBe('bad-response');
    expect(await left()).toEqual([]);
  });

  it('goes on where a cut ended it, with Range and If-Range, and the digest over both parts', async () => {
    const { file, start, server, left } = await scene(({ index }) => (index < 2 ? { cutAfter: 100_000 } : {}));
    const download = start();
    const retries: unknown[] = [];
    download.on('retry', ({ error }) => retries.push(error.code));
    await download.done;
    expect(await fs.readFile(file)).toEqual(CONTENT);
    expect(retries).toEqual(['network', 'network']);
    const [, second, third] = server.asked;
    expect(second?.start).toBeGreaterThan(0);
    expect(third?.start).toBeGreaterThan(second?.start ?? 0);
    expect([second?.headers['if-range'], third?.headers['if-range']]).toEqual(['"one"', '"one"']);
    expect(await left()).toEqual(['app.bin']);
  });

  it('goes on after a restart of the program, with a fresh URL, and fetches nothing twice', async () => {
    const { file, start, server, left } = await scene(({ index }) => (index === 0 ? { cutAfter: 200_000 } : {}));
    const stop = new AbortController();
    const first = start({ signal: stop.signal });
    first.on('retry', () => stop.abort());
    expect(await codeOf(first.done)).toBe('aborted');
    expect(await left()).toEqual(['app.bin.part', 'app.bin.part.json']);
    const kept = (await fs.stat(`${file}.part`)).size;
    expect(kept).toBeGreaterThan(0);
    const second = start({ source: () => ({ url: `${server.url}-and-a-fresh-one` }) });
    await second.done;
    expect(second.progress).toEqual({ bytes: CONTENT.length, total: CONTENT.length, resumed: kept });
    expect(server.asked.map((asked) => asked.start)).toEqual([0, kept]);
    expect(await fs.readFile(file)).toEqual(CONTENT);
    expect(await left()).toEqual(['app.bin']);
  });

  it('is there at once when the file is, and fetches it anew when it is another', async () => {
    const { file, start, server, left } = await scene();
    await fs.writeFile(file, CONTENT);
    // What a process leaves that ends right after the file was put in its place.
    await fs.writeFile(`${file}.part.json`, '{}');
    await start().done;
    expect([server.asked, await left()]).toEqual([[], ['app.bin']]);
    await fs.writeFile(file, Buffer.concat([CONTENT.subarray(1), Buffer.from('x')]));
    await start().done;
    expect(server.asked).toHaveLength(1);
    expect(await fs.readFile(file)).toEqual(CONTENT);
  });

  it('takes the place of a program that runs, and of a link, whatever these hold', async () => {
    const { file, start, directory, server } = await scene();
    const running: Disk = {
      ...systemDisk(),
      open: async (name, flags, mode) => {
        if (name === file && flags !== 'r' && ((flags as number) & (constants.O_WRONLY | constants.O_RDWR)) !== 0) throw Object.assign(new Error('ETXTBSY: text file is busy'), { code: 'ETXTBSY' });
        return fs.open(name, flags, mode);
      },
    };
    // Of the same size: only a look into it tells whether it is the file already.
    await fs.writeFile(file, randomBytes(CONTENT.length));
    await start({ disk: running }).done;
    expect(await fs.readFile(file)).toEqual(CONTENT);
    const other = path.join(directory, 'other');
    await fs.writeFile(other, CONTENT);
    await fs.rm(file);
    await fs.symlink('other', file);
    await start().done;
    expect(server.asked).toHaveLength(1);
    const mine = randomBytes(CONTENT.length);
    await fs.writeFile(other, mine);
    await start().done;
    expect([await fs.readFile(file), await fs.readFile(other)]).toEqual([CONTENT, mine]);
  });

  it('starts over when the partial file belongs to another version, to another content, or to nothing that is known', async () => {
    const other = randomBytes(1000);
    const journals = [undefined, 'no json', '{}', JSON.stringify({ format: 1, bytes: 7, digest: `sha256:${sha256(other).hex}`, source: null, etag: '"one"' })];
    for (const journal of journals) {
      const { file, start, server } = await scene();
      await fs.writeFile(`${file}.part`, other);
      if (journal !== undefined) await fs.writeFile(`${file}.part.json`, journal);
      await start().done;
      expect(server.asked.map((asked) => asked.start)).toEqual([0]);
      expect(await fs.readFile(file)).toEqual(CONTENT);
    }
  });

  it('starts over once when a partial file was damaged meanwhile', async () => {
    const { file, start, server } = await scene(({ index }) => (index === 0 ? { cutAfter: 200_000 } : {}));
    const stop = new AbortController();
    const first = start({ signal: stop.signal });
    first.on('retry', () => stop.abort());
    await codeOf(first.done);
    const part = await fs.open(`${file}.part`, 'r+');
    await part.write(Buffer.alloc(100), 0, 100, 50);
    await part.close();
    await start().done;
    expect(server.asked.map((asked) => asked.start > 0)).toEqual([false, true, false]);
    expect(await fs.readFile(file)).toEqual(CONTENT);
  });

  it('starts over when the server has another content, whether it keeps to If-Range or not', async () => {
    for (const ifRange of [true, false]) {
      const { file, start } = await scene(({ index }) => (index === 0 ? { content: randomBytes(CONTENT.length), cutAfter: 200_000 } : { etag: '"two"', ifRange }));
      await start().done;
      expect(await fs.readFile(file)).toEqual(CONTENT);
    }
  });

  it('is never put together from two contents where no digest could tell: not by another date, ETag or size, and not where nothing names the content', async () => {
    const date = (day: number) => ({ 'last-modified': `Thu, 0${day} Oct 2015 07:28:00 GMT` });
    const changes: readonly (readonly [before: Manners, after: Manners])[] = [
      [{ etag: null, headers: date(1) }, { etag: null, headers: date(8), ifRange: false }],
      [{ etag: null, headers: date(1) }, { etag: null, ifRange: false }],
      [{}, { etag: '"two"', ifRange: false }],
      [{}, { etag: null, ifRange: false }],
      [{}, { content: CONTENT.subarray(0, 250_000), ifRange: false }],
      [{ etag: null }, { etag: null }],
      [{ etag: 'W/"one"' }, { etag: 'W/"one"' }],
    ];
    for (const [before, after] of changes) {
      const { file, start } = await scene(({ index }) => (index === 0 ? { content: randomBytes(CONTENT.length), cutAfter: 100_000, ...before } : after));
      await start({ bytes: undefined, digest: undefined }).done;
      expect((await fs.readFile(file)).equals(after.content ?? CONTENT)).toBe(true);
    }
  });

  it('goes on where a cut ended it without a digest as well, as long as the server names the same content', async () => {
    for (const named of [{ etag: '"one"' }, { etag: null, headers: { 'last-modified': 'Thu, 01 Oct 2015 07:28:00 GMT' }, ifRange: false }]) {
      const { file, start, server } = await scene(({ index }) => ({ ...named, ...(index === 0 ? { cutAfter: 100_000 } : {}) }));
      await start({ digest: undefined }).done;
      expect((await fs.readFile(file)).equals(CONTENT)).toBe(true);
      expect(server.asked.map((asked) => asked.start > 0)).toEqual([false, true]);
    }
  });

  it('starts over at a server without ranges', async () => {
    const { file, start, server } = await scene(({ index }) => ({ ranges: false, ...(index < 2 ? { cutAfter: 150_000 } : {}) }));
    await start().done;
    expect(await fs.readFile(file)).toEqual(CONTENT);
    expect(server.asked).toHaveLength(3);
  });

  it('takes a file that the server gives in parts', async () => {
    const { file, start, server } = await scene(({ index }) => (index === 0 ? { cutAfter: 1000 } : { partBytes: 70_000 }));
    await start().done;
    expect(await fs.readFile(file)).toEqual(CONTENT);
    expect(server.asked.length).toBeGreaterThan(4);
  });

  it('is right after any cuts and restarts, whatever the server does to ranges, ETags and lengths', { timeout: 120_000 }, async () => {
    const manners = fc.oneof(
      fc.record<Manners>({ cutAfter: fc.integer({ min: 0, max: CONTENT.length }), ranges: fc.boolean(), ifRange: fc.boolean(), etag: fc.constantFrom('"one"', '"two"', 'W/"one"', null) }),
      fc.record<Manners>({ partBytes: fc.integer({ min: 1000, max: CONTENT.length }), etag: fc.constantFrom('"one"', 'W/"one"', null) }),
      fc.record<Manners>({ lengthOff: fc.integer({ min: 1, max: 5000 }) }),
      fc.record<Manners>({ resetAfter: fc.integer({ min: 0, max: CONTENT.length }) }),
      fc.constantFrom<Manners>({ framing: 'close', cutAfter: 120_000 }, { framing: 'chunked', cutAfter: 70_000 }, { status: 500 }, { status: 503 }, { status: 429 }, { status: 408 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ manners, restart: fc.boolean() }), { maxLength: 6 }), async (steps) => {
        const { file, start, left, server } = await scene(({ index }) => steps[index]?.manners ?? {});
        for (;;) {
          const stop = new AbortController();
          const download = start({ bytes: steps.some((step) => step.manners.lengthOff !== undefined) ? undefined : CONTENT.length, signal: stop.signal });
          download.on('retry', () => {
            if (steps[server.asked.length - 1]?.restart === true) stop.abort();
          });
          const code = await download.done.then(() => 'done', (error: unknown) => (isLianyunError(error) ? error.code : String(error)));
          if (code === 'done') break;
          // With nobody to say the size, a wrong length is the size, and a cut may look like the end.
          if (code === 'wrong-size' || (code === 'wrong-digest' && steps.some((step) => step.manners.framing === 'close'))) return;
          expect(code).toBe('aborted');
        }
        expect((await fs.readFile(file)).equals(CONTENT)).toBe(true);
        expect(await left()).toEqual(['app.bin']);
      }),
      { numRuns: 40 },
    );
  });

  it('ends with a code of its own, without a half file, when the file is wrong', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const value = sign(null, createHash('sha256').update(randomBytes(3)).digest(), privateKey);
    const cases: readonly (readonly [ErrorCode, Manners, Partial<DownloadOptions>])[] = [
      ['wrong-digest', { content: Buffer.concat([CONTENT.subarray(1), Buffer.from('x')]) }, {}],
      ['wrong-digest', {}, { digest: md5(Buffer.from('x')) }],
      ['wrong-size', { content: CONTENT.subarray(1) }, {}],
      ['wrong-size', { content: CONTENT.subarray(1), framing: 'chunked' }, {}],
      ['wrong-size', { content: Buffer.concat([CONTENT, CONTENT]), framing: 'chunked' }, {}],
      ['wrong-size', {}, { bytes: undefined, digest: undefined, maxBytes: 1000 }],
      ['wrong-size', { framing: 'chunked' }, { bytes: undefined, digest: undefined, maxBytes: 1000 }],
      ['wrong-signature', {}, { signature: { publicKey, value } }],
      ['wrong-signature', {}, { signature: { publicKey, value: 'c2hvcnQ=' } }],
      ['bad-config', {}, { signature: { publicKey: generateKeyPairSync('x25519').publicKey, value } }],
      ['expired-url', { status: 403 }, {}],
      ['expired-url', { status: 401 }, {}],
      ['not-found', { status: 404 }, {}],
      ['bad-response', { status: 400 }, {}],
      ['bad-response', { headers: { 'content-encoding': 'gzip' } }, {}],
      ['bad-response', { status: 206, headers: { 'content-range': 'bytes nonsense' } }, {}],
      ['bad-response', { status: 302 }, {}],
      ['network', { status: 503 }, { attempts: 3 }],
      ['network', { cutAfter: 0 }, { attempts: 3 }],
      ['bad-input', {}, { bytes: -1 }],
      ['bad-input', {}, { digest: { algorithm: 'md5', hex: 'abc' } }],
      ['bad-input', {}, { digest: { algorithm: 'sha1' as 'md5', hex: 'abc' } }],
    ];
    for (const [code, manners, options] of cases) {
      const { start, left } = await scene(manners);
      expect([await codeOf(start(options).done), manners, options]).toEqual([code, manners, options]);
      expect(await left()).toEqual([]);
    }
  });

  it('is taken when it is signed with the trusted key, also when it came in pieces', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const value = sign(null, createHash('sha256').update(CONTENT).digest(), privateKey);
    const signatures = [{ publicKey, value }, { publicKey: publicKey.export({ type: 'spki', format: 'pem' }), value: value.toString('base64') }];
    for (const signature of signatures) {
      for (const digest of [undefined, md5(CONTENT)]) {
        const { start, file } = await scene(({ index }) => (index === 0 ? { cutAfter: 100_000 } : {}));
        await start({ signature, digest }).done;
        expect(await fs.readFile(file)).toEqual(CONTENT);
      }
    }
  });

  it('finds out before the first request that there is no room, and leaves nothing when the disk fills up meanwhile', async () => {
    const small: Disk = { ...systemDisk(), statfs: (async () => ({ bavail: 292, bsize: 1024 })) as unknown as Disk['statfs'] };
    const tight = await scene();
    expect(await codeOf(tight.start({ disk: small }).done)).toBe('disk-full');
    expect([tight.server.asked, await tight.left()]).toEqual([[], []]);
    // Only the server knows the size.
    const unannounced = await scene();
    expect(await codeOf(unannounced.start({ disk: small, bytes: undefined }).done)).toBe('disk-full');
    expect(await unannounced.left()).toEqual([]);
    for (const [errno, code] of [['ENOSPC', 'disk-full'], ['EDQUOT', 'disk-full'], ['EIO', 'disk-failed']] as const) {
      const { start, left } = await scene();
      expect(await codeOf(start({ disk: failingDisk(errno, 'writev') }).done)).toBe(code);
      expect(await codeOf(start({ disk: failingDisk(errno, 'sync') }).done)).toBe(code);
      expect(await left()).toEqual([]);
    }
  });

  it('writes on where the disk took only a part of what it was given', async () => {
    const { start, file } = await scene();
    await start({ disk: shortDisk(1000) }).done;
    expect(await fs.readFile(file)).toEqual(CONTENT);
  });

  it('is refused by a directory that cannot be written, and by a link in its place', async () => {
    const { start, directory, left } = await scene();
    const foreign = path.join(directory, 'foreign');
    await fs.writeFile(foreign, 'mine');
    expect(await codeOf(start({ part: path.join(foreign, 'app.bin.part') }).done)).toBe('disk-failed');
    await fs.symlink(foreign, path.join(directory, 'app.bin.part'));
    expect(await codeOf(start().done)).toBe('disk-failed');
    expect([await fs.readFile(foreign, 'utf8'), await left()]).toEqual(['mine', ['app.bin.part', 'foreign']]);
  });

  it('sends a token to the host that it was given for, and to no other', async () => {
    const cdn = await scene();
    const { start, server, file } = await scene(({ path: asked }) => (asked.startsWith('/files') ? { status: 302, headers: { location: '/moved' } } : asked === '/moved' ? { status: 307, headers: { location: cdn.server.url } } : {}));
    const source = { url: server.url, token: 'a-token', headers: { 'x-secret': 'a-header' } };
    await start({ source: () => source }).done;
    expect(await fs.readFile(file)).toEqual(CONTENT);
    expect(server.asked.map(({ headers }) => [headers.authorization, headers['x-secret']])).toEqual([['Bearer a-token', 'a-header'], ['Bearer a-token', 'a-header']]);
    expect(cdn.server.asked).toHaveLength(1);
    expect(JSON.stringify(cdn.server.asked)).not.toMatch(/a-token|a-header|127.0.0.1:0/);
  });

  it('follows a redirect whose name is written as it is, in UTF-8, as servers do', async () => {
    const { start, server, file } = await scene(({ path: asked }) => (asked.startsWith('/files') ? { status: 302, headers: { location: Buffer.from('/固件 1.bin').toString('latin1') } } : {}));
    await start().done;
    expect(server.asked[1]?.path).toBe(encodeURI('/固件 1.bin'));
    expect(await fs.readFile(file)).toEqual(CONTENT);
  });

  it('follows to another host only where something tells a wrong file, and nowhere for ever', async () => {
    const cdn = await scene();
    const away = await scene({ status: 302, headers: { location: cdn.server.url } });
    expect(await codeOf(away.start({ digest: undefined }).done)).toBe('unsafe-url');
    expect([cdn.server.asked, await away.left()]).toEqual([[], []]);
    const round = await scene({ status: 302, headers: { location: '/again' } });
    expect(await codeOf(round.start().done)).toBe('unsafe-url');
    expect(round.server.asked).toHaveLength(6);
    for (const location of ['ftp://127.0.0.1/x', 'file:///etc/passwd']) {
      const elsewhere = await scene({ status: 302, headers: { location } });
      expect(await codeOf(elsewhere.start().done)).toBe('unsafe-url');
    }
    for (const url of ['file:///etc/passwd', 'ftp://host/x', 'no url', '']) expect(await codeOf(away.start({ source: () => ({ url }) }).done)).toBe('unsafe-url');
    expect(await away.left()).toEqual([]);
  });

  it('takes a fresh URL for every attempt, and keeps what it has when the URL has expired', async () => {
    const { start, server, file, left } = await scene(({ index, path: asked }) => (index === 0 ? { cutAfter: 100_000 } : asked.endsWith('n=1') ? { status: 403 } : {}));
    let count = 0;
    const source = () => ({ url: `${server.url}&n=${count++}` });
    expect(await codeOf(start({ source }).done)).toBe('expired-url');
    expect(await left()).toEqual(['app.bin.part', 'app.bin.part.json']);
    await start({ source }).done;
    expect(await fs.readFile(file)).toEqual(CONTENT);
    expect(server.asked.map(({ start: from }) => from > 0)).toEqual([false, true, true]);
  });

  it('gives up an attempt at which the server falls silent, in the body or before it', async () => {
    const { start, clock, file, server } = await scene(({ index }) => (index === 0 ? { stallAfter: 100_000 } : {}));
    const download = start({ stallMs: 5000 });
    const retries: unknown[] = [];
    download.on('retry', ({ error }) => retries.push([error.code, error.message]));
    await until(() => server.asked.length === 1, 'the request');
    clock.advance(4999);
    await turns(50);
    expect(retries).toEqual([]);
    await until(() => {
      clock.advance(1000);
      return retries.length > 0;
    }, 'the end of the attempt');
    await download.done;
    expect(retries).toEqual([['timeout', expect.stringContaining('silent for 5000 ms')]]);
    expect(await fs.readFile(file)).toEqual(CONTENT);
  });

  it('ends at its deadline and with its signal, leaves no timer and no connection, and no secret on the disk or in a message', async () => {
    const { start, clock, server, file } = await scene({ stallAfter: 50_000 });
    const source = () => ({ url: server.url.replace('http://', 'http://user:a-password@'), token: 'a-token' });
    const late = start({ deadlineMs: 20_000, source });
    await until(() => server.asked.length === 1 && existsSync(`${file}.part.json`), 'the journal');
    await turns(200);
    clock.advance(20_000);
    const error = await late.done.then(() => undefined, (reason: Error) => reason);
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringContaining('20000 ms') });
    const stop = new AbortController();
    const stopped = start({ signal: stop.signal, source });
    await until(() => server.asked.length === 2, 'the second request');
    stop.abort(new Error('the user said so'));
    await expect(stopped.done).rejects.toMatchObject({ code: 'aborted', cause: { message: 'the user said so' } });
    await expect(start({ signal: AbortSignal.abort(), source }).done).rejects.toMatchObject({ code: 'aborted' });
    await until(() => server.open === 0, 'the end of the connections');
    expect(clock.timers).toBe(0);
    expect(`${await fs.readFile(`${file}.part.json`, 'utf8')}${String(error)}${JSON.stringify(error)}`).not.toMatch(/a-secret-of-the-url|a-token|a-password/);
  });

  it('tells its progress by events and to whoever iterates, to these the newest only, and throws there what it fails with', async () => {
    const big = randomBytes(5_000_000);
    const { start } = await scene({ content: big });
    const seen: DownloadProgress[] = [];
    const events: DownloadProgress[] = [];
    const download = start({ bytes: big.length, digest: sha256(big) });
    download.on('progress', (progress) => events.push(progress));
    for await (const progress of download) seen.push(progress);
    expect(events.at(-1)).toEqual({ bytes: big.length, total: big.length, resumed: 0 });
    expect(seen.filter((progress) => progress.total !== undefined && progress.bytes > 0 && !events.includes(progress))).toEqual([]);
    expect(seen.at(-1)).toEqual({ bytes: big.length, total: big.length, resumed: 0 });
    expect(seen.map(({ bytes }) => bytes)).toEqual(seen.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
    expect(seen.length).toBeGreaterThan(2);
    const wrong = start({ bytes: big.length, digest: sha256(CONTENT) });
    await expect((async () => {
      for await (const _ of wrong) await turns(1);
    })()).rejects.toMatchObject({ code: 'wrong-digest' });
  });

  it('ends with handler-failed when a listener throws', async () => {
    const { start, left } = await scene();
    const download = start();
    download.on('progress', () => {
      throw new Error('no good');
    });
    expect(await codeOf(download.done)).toBe('handler-failed');
    expect(await left()).toEqual([]);
  });
});

/** A disk on which one kind of call fails once the file is open. */
function failingDisk(errno: string, call: 'writev' | 'sync'): Disk {
  return wrapped((handle) => {
    handle[call] = async () => {
      throw Object.assign(new Error(errno), { code: errno });
    };
  });
}

/** A disk that takes a few bytes at a time. */
function shortDisk(bytes: number): Disk {
  return wrapped((handle) => {
    const writev = handle.writev.bind(handle);
    handle.writev = (pieces, position) => writev([(pieces[0] as Uint8Array).subarray(0, bytes)] as unknown as typeof pieces, position);
  });
}

function wrapped(change: (handle: fs.FileHandle) => void): Disk {
  return {
    ...systemDisk(),
    open: async (...args: Parameters<typeof fs.open>) => {
      const handle = await fs.open(...args);
      change(handle);
      return handle;
    },
  };
}
