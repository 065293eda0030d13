import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { FileServer, type Manners } from '../testing/file-server.ts';
import { PutServer, type PutManners, type PutSeen } from '../testing/put-server.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, outcomeOf, until } from '../testing/support.ts';
import type { FileTransfer } from './file-transfer.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const EVENTS = '$oc/devices/prod1_dev1/sys/events/down';
const CONTENT = randomBytes(2_300_000);
const hex = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');

interface Asked {
  readonly file_name: string;
  readonly file_attributes?: { readonly hash_code?: string; readonly size?: number };
}

interface Cloud {
  /** The address that a question is answered with; undefined: none. */
  urlOf(asked: Asked, index: number): string | undefined;
  /** What else stands in the answer. */
  readonly more?: (asked: Asked, index: number) => object;
}

/** A Huawei device that is online, and a cloud that answers what it asks for as a test says. */
async function onHuawei({ urlOf, more }: Cloud) {
  const clock = new FakeClock();
  const asked: Asked[] = [];
  const results: unknown[] = [];
  const server = await ScriptedServer.listen(clock, {
    onPublish: ({ topic, text }, connection) => {
      if (!topic.endsWith('/events/up')) return;
      const [{ event_type: type, paras }] = (JSON.parse(text) as { services: [{ event_type: string; paras: Asked }] }).services;
      if (type.endsWith('_result_report')) return void results.push([type, paras]);
      const index = asked.length;
      asked.push(paras);
      const url = urlOf(paras, index);
      const answer = { url, bucket_name: 'b', object_name: paras.file_name, expire: 3600, ...more?.(paras, index) };
      if (url !== undefined) connection.send(EVENTS, { services: [{ service_id: '$file_manager', event_type: `${type}_response`, event_time: '20261121T000000Z', paras: answer }] });
    },
  });
  const device = huaweiDevice(server);
  open.push(server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  await device.connect();
  return { clock, server, device, log, asked, results };
}

/** The same with a server for uploads. */
async function uploading(manners: (seen: PutSeen) => PutManners = () => ({})) {
  const files = await PutServer.listen(manners);
  open.push(files);
  const cloud = await onHuawei({ urlOf: (_, index) => `http://127.0.0.1:${files.port}/b/${index}?sign=a-secret` });
  /** No test waits for the time between two attempts. */
  const start = (content: string | Uint8Array, options: Parameters<typeof cloud.device.files.upload>[1] = { name: 'a.bin' }): ReturnType<typeof cloud.device.files.upload> => {
    const transfer = cloud.device.files.upload(content, options);
    transfer.on('retry', ({ inMs }) => setImmediate(() => cloud.clock.advance(inMs)));
    return transfer;
  };
  return { ...cloud, files, start };
}

const retriesOf = (transfer: FileTransfer<unknown>): readonly string[] => {
  const codes: string[] = [];
  transfer.on('retry', ({ error }) => codes.push(error.code));
  return codes;
};

describe('an upload', () => {
  it('is no success where the server says so before it has all of the bytes', async () => {
    const { start, results } = await uploading(() => ({ answerAfter: 1 }));
    await expect(start(Buffer.alloc(33_554_432)).done).rejects.toMatchObject({ code: 'bad-response', message: expect.stringContaining('before it had all') });
    await until(() => results.length === 1, 'the result');
    expect(results).toMatchObject([['upload_result_report', { result_code: 1, status_code: 200 }]]);
  });

  it('sends the bytes as the URL was signed for, with size and SHA-256 announced, and nothing of the URL is told on', async () => {
    const { files, start, asked, results } = await uploading();
    expect(await start(CONTENT).done).toEqual({ object: 'a.bin', bytes: CONTENT.length, sha256: hex('sha256', CONTENT) });
    expect(asked).toEqual([{ file_name: 'a.bin', file_attributes: { hash_code: hex('sha256', CONTENT), size: CONTENT.length } }]);
    expect(files.seen).toMatchObject([{ path: '/b/0?sign=a-secret', headers: { 'content-type': 'text/plain', 'content-length': String(CONTENT.length) } }]);
    expect(hex('md5', files.seen[0]?.body ?? Buffer.alloc(0))).toBe(hex('md5', CONTENT));
    await until(() => results.length > 0, 'the result');
    expect(results).toEqual([['upload_result_report', { object_name: 'a.bin', result_code: 0, status_code: 200 }]]);
    await until(() => files.open === 0, 'the end of the connection');
  });

  it('is tried again, from its beginning, after a cut, a server that is busy, and one that closes without an answer', async () => {
    const manners: readonly PutManners[] = [{ cutAfter: 100_000 }, { status: 503, text: 'SlowDown' }, { closes: true }, { status: 201 }];
    const { files, start, results } = await uploading(({ index }) => manners[index] ?? {});
    const transfer = start(CONTENT);
    const retries = retriesOf(transfer);
    expect(await transfer.done).toMatchObject({ bytes: CONTENT.length });
    expect([retries, files.seen.length]).toEqual([['network', 'network', 'network'], 4]);
    expect(files.seen[3]?.body.equals(CONTENT)).toBe(true);
    await until(() => results.length > 0, 'the result');
    expect(results).toHaveLength(1);
  });

  it('is given up after as many attempts as are allowed, and the cloud hears the status', async () => {
    const { files, start, results } = await uploading(() => ({ status: 500, text: '<Code>InternalError</Code>\n' }));
    await expect(start(CONTENT, { name: 'a.bin', attempts: 3 }).done).rejects.toMatchObject({ code: 'network', place: { number: 500 } });
    expect(files.seen).toHaveLength(3);
    await until(() => results.length === 1, 'the result');
    const [[, told]] = results as [[string, { status_description: string }]];
    expect(told).toMatchObject({ object_name: 'a.bin', result_code: 1, status_code: 500, status_description: expect.stringContaining('<Code>InternalError</Code>') });
    expect(told.status_description).not.toContain('a-secret');
  });

  it.each([
    [{ status: 404 }, 'not-found'],
    [{ status: 413 }, 'too-large'],
    [{ status: 302 }, 'bad-response'],
    [{ status: 400, text: '<Error><Code>BadDigest</Code></Error>' }, 'wrong-digest'],
    // Said before the body has come, and without reading it.
    [{ status: 400, text: 'no', answerAfter: 1 }, 'bad-response'],
  ] as const)('that is answered %j ends with %s, at once', async (manners, code) => {
    const { files, start } = await uploading(() => manners);
    await expect(start(randomBytes(8_000_000)).done).rejects.toMatchObject({ code, place: { number: manners.status } });
    expect(files.seen).toHaveLength(1);
  });

  it('asks for another URL when the server lets the first one in no more, and gives up when it refuses that as well', async () => {
    const once = await uploading(({ index }) => (index === 0 ? { status: 403 } : {}));
    expect(await once.start(CONTENT).done).toMatchObject({ object: 'a.bin' });
    expect([once.asked.length, once.files.seen.map((seen) => seen.path)]).toEqual([2, ['/b/0?sign=a-secret', '/b/1?sign=a-secret']]);
    const never = await uploading(() => ({ status: 403 }));
    await expect(never.start(CONTENT).done).rejects.toMatchObject({ code: 'expired-url', place: { number: 403 } });
    expect([never.asked.length, never.files.seen.length]).toEqual([2, 2]);
  });

  it('ends with timeout when the server is silent, or the time for all of it is over', async () => {
    const { files, start, clock } = await uploading(() => ({ isSilent: true }));
    const stalled = start(CONTENT, { name: 'a.bin', attempts: 1, stallMs: 1000 });
    await until(() => files.seen[0]?.body.length === CONTENT.length, 'all bytes');
    clock.advance(1000);
    await expect(stalled.done).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('silent for 1000 ms') });
    const late = start(CONTENT, { name: 'a.bin', deadlineMs: 500 });
    await until(() => files.seen.length === 2, 'the request');
    clock.advance(500);
    await expect(late.done).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('500 ms') });
    await until(() => files.open === 0, 'the end of the connections');
  });

  it('of a file that changes meanwhile fails with wrong-digest, whatever the server says', async () => {
    const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'lianyun-upload-'));
    open.push({ [Symbol.asyncDispose]: () => fs.rm(directory, { recursive: true, force: true }) });
    const file = path.join(directory, 'log.txt');
    await fs.writeFile(file, CONTENT);
    const { start, results } = await uploading();
    const change = async (bytes: Buffer): Promise<FileTransfer<unknown>> => {
      await fs.writeFile(file, CONTENT);
      const transfer = start(file, {});
      transfer.once('progress', () => void fs.writeFile(file, bytes));
      return transfer;
    };
    await expect((await change(randomBytes(CONTENT.length))).done).rejects.toMatchObject({ code: 'wrong-digest' });
    await expect((await change(Buffer.from('short'))).done).rejects.toMatchObject({ code: 'wrong-digest' });
    await until(() => results.length === 2, 'the results');
    expect(results).toMatchObject([['upload_result_report', { result_code: 1, object_name: 'log.txt' }], ['upload_result_report', { result_code: 1 }]]);
  });

  it('ends when its signal says so, also while it waits for a URL or for the next attempt', async () => {
    const { start, files, device } = await uploading(() => ({ status: 503 }));
    const gone = AbortSignal.abort();
    await expect(device.files.upload(CONTENT, { name: 'a', signal: gone }).done).rejects.toMatchObject({ code: 'aborted' });
    const controller = new AbortController();
    const waiting = device.files.upload(CONTENT, { name: 'a', signal: controller.signal });
    waiting.on('retry', () => controller.abort());
    await expect(waiting.done).rejects.toMatchObject({ code: 'aborted' });
    expect([files.seen.length, await outcomeOf(start(CONTENT, { name: 'b', attempts: 1 }).done.catch(() => undefined))]).toEqual([1, 'open']);
  });
});

describe('the answers to questions for a URL', () => {
  it('that come too late are not taken for those to the next one', async () => {
    const files = await PutServer.listen();
    open.push(files);
    const { device, server, asked } = await onHuawei({ urlOf: ({ file_name: name }, index) => (index === 0 ? undefined : `http://127.0.0.1:${files.port}/${name}`) });
    const controller = new AbortController();
    const first = device.files.upload(Buffer.from('one'), { name: 'one', signal: controller.signal });
    await until(() => asked.length === 1, 'the question');
    controller.abort();
    await expect(first.done).rejects.toMatchObject({ code: 'aborted' });
    const second = device.files.upload(Buffer.from('two'), { name: 'two' });
    // The answer to the first is on its way before the one to the second question.
    server.last.send(EVENTS, { services: [{ service_id: '$file_manager', event_type: 'get_upload_url_response', paras: { url: `http://127.0.0.1:${files.port}/one`, object_name: 'prod1_dev1_one', expire: 3600 } }] });
    expect(await second.done).toMatchObject({ object: 'two' });
    expect(files.seen.map(({ path: to, body }) => [to, body.toString()])).toEqual([['/two', 'two']]);
  });

  it('that are never given end the transfer with timeout, and the cloud is told nothing, as it granted nothing', async () => {
    const { device, clock, asked, results } = await onHuawei({ urlOf: () => undefined });
    const transfer = device.files.download('a', { to: os.tmpdir() });
    await until(() => asked.length === 1, 'the question');
    clock.advance(20_000);
    await expect(transfer.done).rejects.toMatchObject({ code: 'timeout' });
    expect(results).toEqual([]);
  });
});

describe('a download', () => {
  async function downloading(manners: Manners, more?: Cloud['more']) {
    const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'lianyun-get-'));
    const files = await FileServer.listen(() => ({ content: CONTENT, ...manners }));
    open.push({ [Symbol.asyncDispose]: () => fs.rm(directory, { recursive: true, force: true }) }, files);
    return { ...(await onHuawei({ urlOf: () => files.url, ...(more === undefined ? {} : { more }) })), files, directory };
  }

  it('checks what the cloud announces, SHA-256 or MD5, and what the program knows, which has the last word', async () => {
    for (const attributes of [{ hash_code: hex('sha256', CONTENT), size: CONTENT.length }, { hash_code: hex('md5', CONTENT) }, { hash_code: 'not-a-digest' }, undefined]) {
      const { device, directory, files } = await downloading({}, () => ({ file_attributes: attributes }));
      expect(await device.files.download('app.bin', { to: directory }).done).toEqual({ object: 'app.bin', file: path.join(directory, 'app.bin'), bytes: CONTENT.length });
      expect(files.asked[0]?.headers).toMatchObject({ 'content-type': 'text/plain' });
    }
    for (const [attributes, code] of [[{ hash_code: hex('sha256', Buffer.from('another')) }, 'wrong-digest'], [{ size: 7 }, 'wrong-size']] as const) {
      const { device, directory, results } = await downloading({}, () => ({ file_attributes: attributes }));
      await expect(device.files.download('app.bin', { to: directory }).done).rejects.toMatchObject({ code });
      await until(() => results.length === 1, 'the result');
      expect([results, await fs.readdir(directory)]).toEqual([[['download_result_report', expect.objectContaining({ object_name: 'app.bin', result_code: 1, status_description: expect.any(String) })]], []]);
    }
    const { device, directory } = await downloading({}, () => ({ file_attributes: { hash_code: hex('sha256', Buffer.from('another')) } }));
    expect(await device.files.download('app.bin', { to: directory, digest: { algorithm: 'md5', hex: hex('md5', CONTENT) } }).done).toMatchObject({ bytes: CONTENT.length });
  });

  it('asks for another URL when the server lets the first one in no more, goes on where it was, and gives up when it refuses that as well', async () => {
    const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'lianyun-get-'));
    const files = await FileServer.listen(({ index }) => ({ content: CONTENT, ...(index === 0 ? { cutAfter: 1_500_000 } : index === 1 ? { status: 403 } : {}) }));
    const closed = await FileServer.listen(() => ({ status: 403 }));
    open.push({ [Symbol.asyncDispose]: () => fs.rm(directory, { recursive: true, force: true }) }, files, closed);
    const { device, clock, asked } = await onHuawei({ urlOf: (_, index) => `${files.url}&n=${index}`, more: () => ({ file_attributes: { hash_code: hex('sha256', CONTENT), size: CONTENT.length } }) });
    const transfer = device.files.download('app.bin', { to: directory });
    transfer.on('retry', ({ inMs }) => setImmediate(() => clock.advance(inMs)));
    expect(await transfer.done).toMatchObject({ bytes: CONTENT.length });
    expect([asked.length, files.asked.map(({ path: at, start }) => [at.at(-1), start > 0])]).toEqual([2, [['0', false], ['0', true], ['1', true]]]);
    const never = await onHuawei({ urlOf: () => closed.url });
    await expect(never.device.files.download('other.bin', { to: directory }).done).rejects.toMatchObject({ code: 'expired-url', place: { number: 403 } });
    await until(() => never.results.length === 1, 'the result');
    expect([never.asked.length, closed.asked.length, never.results, await fs.readdir(directory)]).toEqual([2, 2, [['download_result_report', expect.objectContaining({ object_name: 'other.bin', result_code: 1, status_code: 403 })]], ['app.bin']]);
  });

  it('grows under a name that no other file of the cloud has on the disk', async () => {
    const { device, directory } = await downloading({});
    for (const name of ['app.bin.part', 'app.bin.part.json', '.app.bin.part', 'app.bin']) await device.files.download(name, { to: directory }).done;
    const names = await fs.readdir(directory);
    expect(names.sort()).toEqual(['app.bin', expect.stringMatching(/^app\.bin-[\da-f]{8}\.part$/), 'app.bin.part', 'app.bin.part.json']);
    for (const name of names) expect((await fs.readFile(path.join(directory, name))).equals(CONTENT)).toBe(true);
  });

  it('tells of its retries, and a listener that throws ends it', async () => {
    const { device, directory, clock } = await downloading({ status: 503 });
    const transfer = device.files.download('app.bin', { to: directory, attempts: 2 });
    const retries = retriesOf(transfer);
    transfer.on('retry', ({ inMs }) => setImmediate(() => clock.advance(inMs)));
    await expect(transfer.done).rejects.toMatchObject({ code: 'network', place: { number: 503 } });
    expect(retries).toEqual(['network']);
    const other = device.files.download('app.bin', { to: directory });
    other.on('retry', () => {
      throw new Error('no listener');
    });
    await expect(other.done).rejects.toMatchObject({ code: 'handler-failed' });
  });
});
