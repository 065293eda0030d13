import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Resource } from '@lianyun/platform';
import type { Device, ResourceOffer, tencent } from 'lianyun';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { fetchUrl } from './support/http.ts';
import { Log } from './support/log.ts';
import { happens, Rig } from './support/rig.ts';

const REF = 'LAMP000001/lamp1';
const BYTES = Buffer.from('some bytes, 一些字节'.repeat(5000));
const MD5 = createHash('md5').update(BYTES).digest('hex');
const lamp = (rig: Rig): Device<typeof tencent> => rig.device(TENCENT, 1) as Device<typeof tencent>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-resources-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function read(rig: Rig, name: string): Promise<Buffer> {
  const { objects, tencent: { resources } } = rig.platform;
  const object = objects.find(resources.placeOf(REF, 'upload', name));
  return object === undefined ? Buffer.alloc(0) : Buffer.concat((await (await objects.read(object)).toArray()) as Buffer[]);
}

describe('A Tencent device', () => {
  it('puts a resource into the storage of the cloud, and tells how far it is', async () => {
    await using rig = await Rig.open();
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    const device = lamp(rig);
    await device.connect();
    const file = path.join(folder, '日志.log');
    await writeFile(file, BYTES);
    expect(await device.resources.upload(file).done).toEqual({ name: '日志.log', bytes: BYTES.length, md5: MD5 });
    expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ device: REF, direction: 'upload', name: '日志.log', bytes: BYTES.length, md5: MD5, told: { state: 'done', percent: 100, code: 0 } });
    expect(await read(rig, '日志.log')).toEqual(BYTES);
    expect(rig.platform.tencent.resources.list(REF, { limit: 10 })).toMatchObject({ total: 1 });
    expect(rig.problems.all).toEqual([]);
    expect(rig.told(device).problems.all).toEqual([]);
  });

  it('gets what the cloud offers, whether it hears of it or asks', async () => {
    await using rig = await Rig.open();
    const { resources } = rig.platform.tencent;
    const device = lamp(rig);
    const offers = new Log<ResourceOffer>();
    device.resources.onOffer(offers.add);
    await device.connect();
    expect(await device.resources.check()).toBeUndefined();
    await resources.offer(REF, 'a/../b.bin', [BYTES]);
    const offer = await offers.first();
    expect(offer).toMatchObject({ name: 'a/../b.bin', bytes: BYTES.length, md5: MD5 });
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    const [first, second] = [device.resources.download(offer, { to: folder }), device.resources.download(offer, { to: folder })];
    await expect(second.done).rejects.toMatchObject({ code: 'conflict' });
    const { file } = await first.done;
    expect(first.progress).toEqual({ bytes: BYTES.length, total: BYTES.length, resumed: 0 });
    expect(path.dirname(file)).toBe(folder);
    expect(await readFile(file)).toEqual(BYTES);
    await told.first(({ isOpen }) => !isOpen);
    // What it has it is not offered again.
    expect(await device.resources.check()).toBeUndefined();
  });

  it('is offered a resource when it asks, if it was away when that came', async () => {
    await using rig = await Rig.open();
    await rig.platform.tencent.resources.offer(REF, 'one', [Buffer.from('1')]);
    await rig.platform.tencent.resources.offer(REF, 'two', [Buffer.from('2')]);
    const device = lamp(rig);
    await device.connect();
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    for (const name of ['one', 'two']) {
      const offer = await device.resources.check();
      expect(offer).toMatchObject({ name });
      await device.resources.download(offer as ResourceOffer, { to: folder }).done;
      await told.first((each) => each.name === name && !each.isOpen);
    }
    expect(await device.resources.check()).toBeUndefined();
  });

  it('tells that a download failed, whose bytes are not those that were announced', async () => {
    await using rig = await Rig.open();
    const device = lamp(rig);
    await device.connect();
    await rig.platform.tencent.resources.offer(REF, 'x', [BYTES]);
    const offer = (await device.resources.check()) as ResourceOffer;
    const told = new Log<Resource>();
    rig.platform.on('resource', told.add);
    await expect(device.resources.download({ ...offer, md5: '0'.repeat(32) }, { to: folder }).done).rejects.toMatchObject({ code: 'wrong-digest' });
    expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ told: { state: 'fail', code: -1 } });
    for (const wrong of [{ ...offer, name: '' }, { ...offer, name: 'x'.repeat(256) }, undefined as never]) await expect(device.resources.download(wrong, { to: folder }).done).rejects.toMatchObject({ code: 'bad-input' });
    await expect(device.resources.download(offer, { to: 'a\0b' }).done).rejects.toMatchObject({ code: 'bad-input' });
    expect(await readdir(folder)).toEqual([]);
    await expect(device.resources.upload(Buffer.from('x')).done).rejects.toMatchObject({ code: 'bad-input' });
    await expect(device.resources.upload(path.join(folder, 'nowhere')).done).rejects.toMatchObject({ code: 'not-found' });
  });
});

it('The messages about resources have the documented form on the wire', async () => {
  await using rig = await Rig.open();
  const client = await rig.foreign(TENCENT, 1);
  expect(await client.subscribeAsync(`$resource/down/service/${REF}`, { qos: 1 })).toMatchObject([{ qos: 1 }]);
  const ask = async (question: object): Promise<Record<string, any>> => {
    const arrives = happens(client, 'message');
    await client.publishAsync(`$resource/up/service/${REF}`, JSON.stringify(question), { qos: 1 });
    return JSON.parse(String((await arrives)[1])) as Record<string, any>;
  };
  const name = 'zxc';
  const answer = await ask({ type: 'create_upload_task', size: BYTES.length, name, md5sum: MD5 });
  expect(answer).toEqual({ type: 'create_upload_task_rsp', size: BYTES.length, name, md5sum: MD5, url: expect.stringMatching(/^http:/) });
  const progress = (state: string) => ({ type: 'report_upload_progress', name, progress: { state, percent: 89, result_code: 0, result_msg: '' } });
  // What is not there yet is not done.
  expect(await ask(progress('done'))).toMatchObject({ type: 'report_upload_progress_rsp', result_code: -1 });
  const headers = { 'content-md5': Buffer.from(MD5, 'hex').toString('base64') };
  expect(await fetchUrl(answer['url'], { method: 'PUT', body: BYTES.subarray(1), headers })).toMatchObject({ status: 400 });
  expect(await fetchUrl(answer['url'], { method: 'PUT', body: BYTES, headers })).toMatchObject({ status: 200 });
  expect(await ask(progress('uploading'))).toEqual({ type: 'report_upload_progress_rsp', result_code: 0, result_msg: 'ok' });
  expect(await ask(progress('done'))).toEqual({ type: 'report_upload_progress_rsp', result_code: 0, result_msg: 'ok' });
  expect(await ask({ type: 'get_download_task' })).toEqual({ type: 'get_download_task_rsp' });
});
