import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Resource } from '@lianyun/platform';
import { LianyunError, type Device, type ResourceUpdate, type ResourceVersion, type tencent } from 'lianyun';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const REF = 'LAMP000001/lamp1';
const BYTES = Buffer.from('some bytes, 一些字节'.repeat(5000));
const MD5 = createHash('md5').update(BYTES).digest('hex');
const lamp = (rig: Rig): Device<typeof tencent> => rig.device(TENCENT, 1) as Device<typeof tencent>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-versions-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function toldTo(rig: Rig): Log<Resource> {
  const told = new Log<Resource>();
  rig.platform.on('resource', told.add);
  return told;
}

/** A device that is online and takes what it is to have, changed as `change` says. */
async function taking(rig: Rig, change: (update: ResourceUpdate) => Partial<ResourceUpdate> = () => ({})) {
  const device = lamp(rig);
  const files = new Log<string>();
  const updates = new Log<ResourceUpdate>();
  device.versionedResources.onUpdate(async (update) => {
    updates.add(update);
    files.add((await device.versionedResources.download({ ...update, ...change(update) }, { to: folder }).done).file);
  });
  await device.connect();
  return { device, files, updates };
}

describe('A Tencent device of IoT Explorer', () => {
  it('tells the versions of its resources, and asks for what it has told', async () => {
    await using rig = await Rig.open();
    const device = lamp(rig);
    await device.connect();
    const { versionedResources } = device;
    expect(await versionedResources.recorded()).toEqual([]);
    const list = [{ name: 'voice', version: '1.0.0', type: 'AUDIO' }, { name: 'map', version: '2', type: 'FILE' }];
    await versionedResources.report(list).delivered;
    expect(await versionedResources.recorded()).toEqual(list);
    // A question right behind a report has its own answer.
    const receipt = versionedResources.report([{ name: 'map', version: '3', type: 'FILE' }]);
    expect(await versionedResources.recorded()).toEqual([list[0], { name: 'map', version: '3', type: 'FILE' }]);
    await receipt.delivered;
    expect(rig.told(device).problems.all).toEqual([]);
    for (const wrong of [[{ name: '', version: '1' }], [{ name: 'x'.repeat(256), version: '1' }], [{ name: 'x' }], [{ name: 'x', version: 'y'.repeat(33) }], [null], {}] as never[]) {
      await expect(versionedResources.report(wrong).delivered).rejects.toMatchObject({ code: 'bad-input' });
    }
    await device.close();
    await expect(versionedResources.recorded()).rejects.toMatchObject({ code: expect.stringMatching(/^(offline|closed)$/) });
  });

  it('gets a version that it is to have, and the next one in its place', async () => {
    await using rig = await Rig.open();
    const told = toldTo(rig);
    const { device, files, updates } = await taking(rig);
    await device.versionedResources.report([]).delivered;
    const { resources } = rig.platform.tencent;
    await resources.offer(REF, 'voice', [BYTES], { version: '1', resourceType: 'AUDIO' });
    expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ has: '1', told: { state: 'done', code: 0, text: 'success' } });
    expect(told.all.map((each) => each.told?.state)).toContain('downloading');
    expect(updates.all[0]).toMatchObject({ name: 'voice', version: '1', type: 'AUDIO', bytes: BYTES.length, md5: MD5 });
    const [file = ''] = await files.take(1);
    expect([path.dirname(file), await readFile(file)]).toEqual([folder, BYTES]);
    await resources.offer(REF, 'voice', [Buffer.from('two')], { version: '2' });
    expect(await told.first(({ has }) => has === '2')).toMatchObject({ isOpen: false });
    expect(await files.take(2)).toEqual([file, file]);
    expect(await readFile(file, 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual([path.basename(file)]);
    expect(await device.versionedResources.recorded()).toMatchObject([{ name: 'voice', version: '2' }]);
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });

  it('is given what came while it was away, when it tells its versions at its return', async () => {
    await using rig = await Rig.open();
    const told = toldTo(rig);
    const { resources } = rig.platform.tencent;
    await resources.offer(REF, 'map', [BYTES], { version: '2' });
    const { device, updates } = await taking(rig);
    await device.versionedResources.report([{ name: 'map', version: '1' }]).delivered;
    await told.first(({ has }) => has === '2');
    expect(updates.all).toHaveLength(1);
  });

  it('tells what an update failed of: wrong bytes by -4, no space by -6, its own program by -5', async () => {
    await using rig = await Rig.open();
    const told = toldTo(rig);
    const wrong: Readonly<Record<string, Partial<ResourceUpdate>>> = { a: { md5: '0'.repeat(32) }, b: { bytes: Number.MAX_SAFE_INTEGER }, c: { bytes: BYTES.length - 1 } };
    const { device } = await taking(rig, ({ name }) => {
      if (name === 'd') throw new Error('no flash');
      if (name === 'e') throw new LianyunError('disk-full', 'The flash is full.');
      return wrong[name] ?? {};
    });
    for (const [name, outcome, code] of [
      ['a', { code: -4 }, 'wrong-digest'],
      ['b', { code: -6, text: 'space not enough' }, 'disk-full'],
      ['c', { code: -4 }, 'wrong-size'],
      ['d', { code: -5, text: 'no flash' }, 'handler-failed'],
      ['e', { code: -6, text: 'space not enough' }, 'disk-full'],
    ] as const) {
      await rig.platform.tencent.resources.offer(REF, name, [BYTES], { version: '1' });
      expect(await told.first((each) => each.name === name && !each.isOpen)).toMatchObject({ told: { state: 'done', ...outcome } });
      expect((await rig.told(device).problems.take(told.all.filter(({ isOpen }) => !isOpen).length)).at(-1)).toMatchObject({ code });
    }
    expect(await readdir(folder)).toEqual([]);
    expect(rig.platform.tencent.resources.list(REF, { limit: 9 }).items.every(({ has }) => has === undefined)).toBe(true);
  });

  it('goes on with an update where the server was cut, and after its own connection was', async () => {
    await using rig = await Rig.open();
    const told = toldTo(rig);
    // Stands before the platform's own server: gives half of what is asked for first, and then nothing but its end.
    const ranges: (string | undefined)[] = [];
    const front = http.createServer((request, response) => {
      const { range } = request.headers;
      ranges.push(range);
      const asked = fetch(`${origin}${request.url ?? ''}`, { headers: range === undefined ? {} : { range } });
      const answer = async (): Promise<void> => {
        const from = await asked;
        const body = Buffer.from(await from.arrayBuffer());
        response.writeHead(from.status, Object.fromEntries(from.headers));
        if (ranges.length > 1) return void response.end(body);
        response.write(body.subarray(0, body.length / 2), () => response.socket?.destroy());
      };
      answer().catch((error: unknown) => response.destroy(error as Error));
    });
    let origin = '';
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    try {
      const device = lamp(rig);
      device.versionedResources.onUpdate(async (update) => {
        const url = new URL(update.url);
        ({ origin } = url);
        url.host = `127.0.0.1:${(front.address() as AddressInfo).port}`;
        const transfer = device.versionedResources.download({ ...update, url: url.href }, { to: folder, maxBackoffMs: 1 });
        // What is to be told then waits for the next connection.
        transfer.once('retry', () => rig.platform.access.kick('tencent', REF, 'for the test'));
        await transfer.done;
      });
      await device.connect();
      await rig.platform.tencent.resources.offer(REF, 'voice', [BYTES], { version: '1' });
      expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ has: '1', told: { state: 'done', code: 0 } });
      expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]/)]);
    } finally {
      front.close();
    }
  });

  it('removes what it is told to, and says so also of what is not there', async () => {
    await using rig = await Rig.open();
    const told = toldTo(rig);
    const { resources } = rig.platform.tencent;
    const device = lamp(rig);
    const removed = new Log<ResourceVersion>();
    device.versionedResources.onRemove(async (resource) => {
      removed.add(resource);
      if (resource.name === 'fixed') throw new Error('it is in use');
      await unlink(path.join(folder, resource.name));
    });
    await device.connect();
    await writeFile(path.join(folder, 'voice'), BYTES);
    await device.versionedResources.report([{ name: 'voice', version: '1', type: 'AUDIO' }, { name: 'gone', version: '1' }, { name: 'fixed', version: '3' }]).delivered;
    for (const name of ['voice', 'gone']) {
      resources.remove(REF, name);
      expect(await told.first((each) => each.name === name)).toMatchObject({ told: { state: 'done', code: 0, text: 'success' } });
    }
    expect(await readdir(folder)).toEqual([]);
    expect(removed.all).toMatchObject([{ name: 'voice', version: '1', type: 'AUDIO' }, { name: 'gone' }]);
    resources.remove(REF, 'fixed');
    expect(await told.first(({ name }) => name === 'fixed')).toMatchObject({ told: { state: 'fail', code: -5, text: 'it is in use' } });
    expect(rig.told(device).problems.all).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('it is in use') }]);
    expect(resources.list(REF, { limit: 9 })).toMatchObject({ total: 1, items: [{ name: 'fixed' }] });
  });

  it('puts a version of its own where the cloud says', async () => {
    await using rig = await Rig.open();
    const told = toldTo(rig);
    const device = lamp(rig);
    await device.connect();
    const { versionedResources } = device;
    const file = path.join(folder, '123.wav');
    await writeFile(file, BYTES);
    expect(await versionedResources.upload(file, { version: '1.0.0', type: 'AUDIO' }).done).toEqual({ name: '123.wav', version: '1.0.0', type: 'AUDIO', bytes: BYTES.length, token: expect.any(String) });
    expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ direction: 'upload', name: '123.wav', version: '1.0.0', type: 'AUDIO', bytes: BYTES.length, md5: MD5, told: { state: 'done', code: 0 } });
    const { objects, tencent: { resources } } = rig.platform;
    const object = objects.find(resources.placeOf(REF, 'upload', '123.wav'));
    expect(object && Buffer.concat((await (await objects.read(object)).toArray()) as Buffer[])).toEqual(BYTES);
    await expect(versionedResources.upload(BYTES, { version: '1' }).done).rejects.toMatchObject({ code: 'bad-input' });
    await expect(versionedResources.upload(BYTES, { name: 'x', version: '' }).done).rejects.toMatchObject({ code: 'bad-input' });
    await expect(versionedResources.upload(path.join(folder, 'nowhere'), { version: '1' }).done).rejects.toMatchObject({ code: 'not-found' });
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });
});
