import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { FakeClock } from '@lianyun/protocol/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { FileTransfer, ResourceUpdate } from '../index.ts';
import { FileServer, type Asked, type Manners } from '../testing/file-server.ts';
import { PutServer, type PutManners } from '../testing/put-server.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { huaweiDevice, listenTo, temporaryDirectory, tencentDevice, until } from '../testing/support.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

const DOWN = '$thing/down/service/ABCDE12345/dev1';
const CONTENT = randomBytes(400_000);
const MD5 = createHash('md5').update(CONTENT).digest('hex');
type Frame = Record<string, unknown> & { readonly method: string; readonly report: { readonly progress: Record<string, string> } };

/** A Tencent device that is online, and a cloud that answers as a test says. */
async function onTencent(answer: (frame: Frame, send: (frame: object) => void) => void = () => undefined) {
  const clock = new FakeClock();
  const told: Frame[] = [];
  const folder = await temporaryDirectory();
  const server = await ScriptedServer.listen(clock, {
    onPublish: ({ topic, text }, connection) => {
      if (!topic.startsWith('$thing/up/service/')) return;
      const frame = JSON.parse(text) as Frame;
      told.push(frame);
      answer(frame, (each) => connection.send(DOWN, each));
    },
  });
  const device = tencentDevice(server);
  open.push(folder, server, { [Symbol.asyncDispose]: async () => void (await device.close()) });
  const log = listenTo(device);
  await device.connect();
  const ends = (method = 'report_result') => told.filter((frame) => frame.method === method).map(({ report }) => report.progress);
  const update = (more: object): void => server.last.send(DOWN, { method: 'update_resource', resource_name: 'voice', resource_type: 'AUDIO', version: '2', md5sum: MD5, file_size: CONTENT.length, ...more });
  /** No test waits for the time between two attempts. */
  const hurried = <R>(transfer: FileTransfer<R>): FileTransfer<R> => transfer.on('retry', ({ inMs }) => setImmediate(() => clock.advance(inMs)));
  return { clock, server, device, log, told, ends, update, hurried, folder: folder.path };
}

async function serving(manners: (asked: Asked) => Manners): Promise<FileServer> {
  const files = await FileServer.listen((asked) => ({ content: CONTENT, ...manners(asked) }));
  open.push(files);
  return files;
}

const versions = (frame: Frame, send: (frame: object) => void): void => {
  if (frame.method === 'report_version') send({ method: 'report_version_rsp', result_code: 0, result_msg: 'success', resource_list: (frame as never as { report: { resource_list: object[] } }).report.resource_list });
};

describe('an update of a resource', () => {
  it('goes on where its server was cut, and tells the cloud its steps as documented', async () => {
    const files = await serving(({ index }) => (index === 0 ? { cutAfter: 150_000 } : {}));
    const { device, told, ends, update, hurried, folder, log } = await onTencent();
    device.versionedResources.onUpdate(async (offer) => void (await hurried(device.versionedResources.download(offer, { to: folder })).done));
    update({ url: files.url });
    await until(() => ends().length === 1, 'the result');
    expect(files.asked).toHaveLength(2);
    expect(files.asked[1]?.start).toBeGreaterThan(0);
    expect(ends()).toEqual([{ resource_name: 'voice', state: 'done', result_code: '0', result_msg: 'success' }]);
    expect(told[0]).toMatchObject({ method: 'report_progress', report: { progress: { resource_name: 'voice', state: 'downloading', percent: '0', result_code: '0', result_msg: '' }, version: '2' } });
    const [name = ''] = await readdir(folder);
    expect((await readFile(`${folder}/${name}`)).equals(CONTENT)).toBe(true);
    expect(log.problems).toEqual([]);
  });

  it('gets a fresh URL for one that has expired by telling its versions, and is not handed over again', async () => {
    const files = await serving(({ path }) => (path.includes('fresh') ? {} : { status: 403 }));
    const fresh = files.url.replace('sign=', 'sign=fresh');
    let reports = 0;
    const { device, ends, update, folder } = await onTencent((frame, send) => {
      versions(frame, send);
      if (frame.method === 'report_version' && ++reports === 2) send({ method: 'update_resource', resource_name: 'voice', resource_type: 'AUDIO', version: '2', md5sum: MD5, file_size: CONTENT.length, url: fresh });
    });
    await device.versionedResources.report([{ name: 'voice', version: '1' }]).delivered;
    const seen: ResourceUpdate[] = [];
    device.versionedResources.onUpdate(async (offer) => {
      seen.push(offer);
      await device.versionedResources.download(offer, { to: folder }).done;
    });
    update({ url: files.url });
    await until(() => ends().length === 1, 'the result');
    expect(ends()).toMatchObject([{ result_code: '0' }]);
    expect(seen).toMatchObject([{ name: 'voice', version: '2', type: 'AUDIO', url: files.url, bytes: CONTENT.length, md5: MD5 }]);
  });

  it('ends when another version takes its place, without a word; so does one that the program gives up', async () => {
    const files = await serving(({ path }) => (path.includes('two') ? {} : { stallAfter: 1000 }));
    const { device, ends, update, folder, log } = await onTencent();
    const outcomes: unknown[] = [];
    device.versionedResources.onUpdate(async (offer) => {
      const transfer = device.versionedResources.download(offer, { to: `${folder}/${offer.version}` });
      outcomes.push(await transfer.done.then(({ version }) => version, (error: { code: string }) => error.code));
    });
    update({ url: files.url, version: '1' });
    await until(() => files.asked.length === 1, 'the first');
    update({ url: `${files.url}two` });
    await until(() => outcomes.length === 2, 'both ends');
    expect([...outcomes].toSorted()).toEqual(['2', 'aborted']);
    await until(() => ends().length === 1, 'the result');
    expect(ends()).toMatchObject([{ result_code: '0' }]);
    const controller = new AbortController();
    const given = device.versionedResources.download({ name: 'map', version: '9', url: files.url }, { to: folder, signal: controller.signal });
    await until(() => files.asked.length === 3, 'the third');
    controller.abort();
    await expect(given.done).rejects.toMatchObject({ code: 'aborted' });
    expect([ends().length, log.problems]).toEqual([1, []]);
    for (const wrong of [undefined, {}, { name: '' }] as never[]) await expect(device.versionedResources.download(wrong, { to: folder }).done).rejects.toMatchObject({ code: 'bad-input' });
    await expect(device.versionedResources.download({ name: 'x', url: files.url }, undefined as never).done).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('the versions of resources', () => {
  it('are told again after a reconnect, as they are then', async () => {
    const files = await serving(() => ({}));
    const { device, told, ends, update, folder, server, clock, log } = await onTencent(versions);
    const { versionedResources } = device;
    await versionedResources.report([{ name: 'voice', version: '1' }, { name: 'map', version: '1' }]).delivered;
    versionedResources.onUpdate(async (offer) => void (await versionedResources.download(offer, { to: folder }).done));
    versionedResources.onRemove(() => Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' })));
    update({ url: files.url });
    server.last.send(DOWN, { method: 'del_resource', resource_name: 'map', resource_type: 'FILE', version: '1' });
    await until(() => ends().length === 1 && ends('del_result').length === 1, 'both results');
    expect(ends('del_result')).toEqual([{ resource_name: 'map', state: 'done', result_code: '0', result_msg: 'success' }]);
    server.last.destroy();
    await until(() => log.offline.length === 1, 'the end of the connection');
    clock.advance(log.offline[0]?.nextAttemptMs ?? 0);
    const reports = () => told.filter(({ method }) => method === 'report_version');
    await until(() => reports().length === 2, 'the second report');
    expect(reports()[1]).toMatchObject({ report: { resource_list: [{ resource_name: 'voice', version: '2', resource_type: 'AUDIO' }] } });
  });

  it('that the cloud refuses fail the receipt, and the question', async () => {
    const { device } = await onTencent((frame, send) => {
      if (frame.method === 'report_version') send({ method: 'report_version_rsp', result_code: 1, result_msg: 'no' });
    });
    await expect(device.versionedResources.report([{ name: 'voice', version: '1' }]).delivered).rejects.toMatchObject({ code: 'refused' });
    await expect(device.versionedResources.recorded()).rejects.toMatchObject({ code: 'refused', place: { number: 1 } });
  });

  it('are unknown to Huawei', async () => {
    const server = await ScriptedServer.listen(new FakeClock());
    open.push(server);
    const device = huaweiDevice(server) as never as ReturnType<typeof tencentDevice>;
    expect(() => device.versionedResources.onUpdate(() => undefined)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expect(() => device.versionedResources.onRemove(undefined as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => device.versionedResources.onUpdate(undefined as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });
});

describe('a resource of the device’s own', () => {
  async function uploading(manners: readonly PutManners[], grant: (index: number) => object = () => ({})) {
    const files = await PutServer.listen(({ index }) => manners[index] ?? {});
    open.push(files);
    let asked = 0;
    const world = await onTencent((frame, send) => {
      if (frame.method !== 'request_url') return;
      const index = asked++;
      send({ method: 'request_url_resp', result_code: 0, result_msg: 'success', resource_url: `http://127.0.0.1:${files.port}/${index}`, resource_token: `token${index}`, request_id: frame['request_id'], ...grant(index) });
    });
    return { ...world, files, start: () => world.hurried(world.device.versionedResources.upload(CONTENT, { name: '123.wav', version: '1' })) };
  }

  it('is put again after a cut, and to a fresh URL after one that has expired, whose token is told', async () => {
    const { start, files, told, ends } = await uploading([{ cutAfter: 100_000 }, { status: 403 }, {}]);
    expect(await start().done).toEqual({ name: '123.wav', version: '1', type: 'FILE', bytes: CONTENT.length, token: 'token1' });
    expect(files.seen.map(({ path }) => path)).toEqual(['/0', '/0', '/1']);
    expect(files.seen[2]?.body.equals(CONTENT)).toBe(true);
    expect(told[0]).toMatchObject({ method: 'request_url', request_id: expect.any(String), report: { resource_name: '123.wav', version: '1', resource_type: 'FILE' } });
    await until(() => ends('report_post_result').length === 1, 'the result');
    expect(ends('report_post_result')).toEqual([{ resource_token: 'token1', state: 'done', result_code: '0', result_msg: 'success' }]);
  });

  it('that the server does not take is told with a code', async () => {
    const { start, ends } = await uploading([{ status: 404 }]);
    await expect(start().done).rejects.toMatchObject({ code: 'not-found' });
    await until(() => ends('report_post_result').length === 1, 'the result');
    expect(ends('report_post_result')).toMatchObject([{ resource_token: 'token0', result_code: '-2' }]);
  });

  it('is refused where the cloud gives no URL', async () => {
    const { start, files } = await uploading([], () => ({ result_code: 1, result_msg: 'full', resource_url: undefined, resource_token: undefined }));
    await expect(start().done).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('full') });
    expect(files.seen).toEqual([]);
  });
});
