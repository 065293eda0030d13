// Files in the words of Huawei's own SDK, with a listener that transfers them itself.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IotDevice, type UrlInfo } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { fetchUrl } from './support/http.ts';
import { authOf, told } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;
const CONTENT = Buffer.from('a report\n');
const ATTRIBUTES = { hash_code: createHash('sha256').update(CONTENT).digest('hex'), size: CONTENT.length };

let rig: Rig;
let device: IotDevice;

beforeEach(async () => {
  rig = await Rig.open();
  device = new IotDevice({ connectAuthInfo: authOf(rig) });
});

afterEach(async () => {
  await device.destroy();
  await rig[Symbol.asyncDispose]();
});

const files = () => rig.platform.files.list(LAMP.device_id, { limit: 10 }).items;

describe('A program in the words of Huawei’s own SDK', () => {
  it('asks where to put a file, puts it there, asks where to get it, gets it, and tells how that went', async () => {
    const manager = device.getFileManagerService();
    const urls = new Log<['up' | 'down', UrlInfo]>();
    manager.setListener({ onUploadUrl: (info) => urls.add(['up', info]), onDownloadUrl: (info) => urls.add(['down', info]) });
    await device.connect();

    const [asked, reported] = [told(), told()];
    manager.getUploadFileUrl('report.txt', ATTRIBUTES, asked.listener);
    await asked.outcome;
    const [, up] = await urls.first(([direction]) => direction === 'up');
    expect(up).toMatchObject({ bucketName: expect.any(String) as string, objectName: expect.stringContaining('report.txt') as string, expires: expect.any(Number) as number, fileAttributes: ATTRIBUTES });
    expect(await fetchUrl(up.url, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: CONTENT })).toMatchObject({ status: 200 });
    manager.reportUploadResult(up.objectName ?? '', 0, 200, 'upload success', reported.listener);
    await reported.outcome;
    expect(files()).toMatchObject([{ direction: 'upload', object: up.objectName, stored: { bytes: CONTENT.length }, result: { code: 0, status: 200, text: 'upload success' } }]);

    const [wanted, got] = [told(), told()];
    manager.getDownloadFileUrl('report.txt', null, wanted.listener);
    await wanted.outcome;
    const [, down] = await urls.first(([direction]) => direction === 'down');
    expect((await fetchUrl(down.url)).text).toBe(CONTENT.toString());
    manager.reportDownloadResult(down.objectName ?? '', 0, null, null, got.listener);
    await got.outcome;
    expect(files()).toMatchObject([{ direction: 'download', result: { code: 0 } }, { direction: 'upload' }]);
  });

  it('tells that a transfer failed', async () => {
    const manager = device.getFileManagerService();
    const urls = new Log<UrlInfo>();
    manager.setListener({ onUploadUrl: urls.add, onDownloadUrl: urls.add });
    await device.connect();
    manager.getUploadFileUrl('report.txt', ATTRIBUTES);
    const info = await urls.first();
    const reported = told();
    manager.reportUploadResult(info.objectName ?? '', 1, 507, 'no room', reported.listener);
    await reported.outcome;
    expect(files()).toMatchObject([{ result: { code: 1, status: 507, text: 'no room' } }]);
  });

  it.each(['upload', 'download'] as const)('fails the %s when its listener throws, and tells it as a problem', async (direction) => {
    const manager = device.getFileManagerService();
    const problems = new Log<Error>();
    device.device.on('problem', problems.add);
    manager.setListener({
      onUploadUrl: () => {
        throw new Error('the disk is gone');
      },
      onDownloadUrl: () => Promise.reject(new Error('the disk is gone')),
    });
    await device.connect();
    await rig.platform.objects.put({ bucket: 'files', key: 'x' }, [CONTENT]);
    const results = new Promise<void>((resolve) => rig.platform.on('frame', ({ messages }) => messages.some(({ op }) => op === 'file.result') && resolve()));
    if (direction === 'upload') manager.getUploadFileUrl('report.txt', ATTRIBUTES);
    else manager.getDownloadFileUrl('report.txt');
    await results;
    expect(files()).toMatchObject([{ direction, result: { code: 1, text: 'the disk is gone' } }]);
    expect(problems.all).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('the disk is gone') as string }]);
  });
});
