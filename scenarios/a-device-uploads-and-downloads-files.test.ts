import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { DeviceFile } from '@lianyun/platform';
import { FakeClock } from '@lianyun/protocol/testing';
import type { Device, huawei } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { follow, huaweiGetsFiles, openFiles } from './support/core-gateways-and-files.ts';
import { HUAWEI } from './support/clouds.ts';
import { gatewaySeed, HUAWEI_GATEWAY, onlineGateway } from './support/gateways.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const NAMES = ['../../etc/passwd', '/etc/passwd', '..\\..\\win.ini', 'a\u0000b', 'map/city.json', 'map_city.json', '图片.jpg', '图 片?#&%.jpg', '..', '.', 'con', '.bashrc', `${'长'.repeat(160)}.bin`] as const;

describe('A Huawei device', () => {
  it('uploads a file of this disk in pieces, with its size and digest announced, and tells what came of it', async () => {
    await using scene = await openFiles();
    const { rig, device, files, source } = scene;
    const content = randomBytes(3_000_000);
    await fs.writeFile(source, content);
    const transfer = device.files.upload(source);
    const { told, read } = await follow(transfer);
    expect(await transfer.done).toEqual({ object: 'source.bin', bytes: content.length, sha256: sha256(content) });
    expect([told.length > 10, told.at(-1), told.every((bytes, index) => bytes > (told[index - 1] ?? 0))]).toEqual([true, 3_000_000, true]);
    expect([read.at(-1), transfer.progress]).toEqual([3_000_000, { bytes: 3_000_000, total: 3_000_000, resumed: 0 }]);
    expect((await files.take(2))[1]).toMatchObject({ device: 'lamp_1', direction: 'upload', object: 'source.bin', stored: { bytes: content.length, sha256: sha256(content), type: 'text/plain' }, result: { code: 0, status: 200 } });
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });

  it('downloads what an application put for it, and what it put itself, and nothing else is left in the directory', () => huaweiGetsFiles({}));

  it('keeps every file in its directory, each under a name of its own, whatever the cloud calls it', async () => {
    await using scene = await openFiles();
    const { rig, device, to, outside } = scene;
    for (const name of NAMES) await rig.platform.files.put('lamp_1', name, [Buffer.from(name)]);
    const got = new Map<string, string>();
    for (const name of NAMES) {
      const { file } = await device.files.download(name, { to }).done;
      expect(path.dirname(file)).toBe(to);
      got.set(path.basename(file), await fs.readFile(file, 'utf8'));
    }
    expect([...got.values()]).toEqual([...NAMES]);
    expect((await fs.readdir(to)).sort()).toEqual([...got.keys()].sort());
    expect(await outside()).toEqual(['in']);
    expect([...got.keys()]).toEqual(expect.arrayContaining(['map_city.json', '图片.jpg', expect.stringMatching(/^map_city-[\da-f]{8}\.json$/)]));
  });

  it('uploads under any name, and each is another file of the cloud', async () => {
    await using scene = await openFiles();
    const { rig, device } = scene;
    const objects = await Promise.all(NAMES.map(async (name) => (await device.files.upload(Buffer.from(name), { name }).done).object));
    expect(objects.filter((object, index) => object === NAMES[index])).toHaveLength(NAMES.filter((name) => !/(^|\/)\.{1,2}(\/|$)|\p{Cc}/u.test(name)).length);
    for (const [index, object] of objects.entries()) expect(rig.platform.objects.find({ bucket: 'files-lamp_1', key: object })).toMatchObject({ sha256: sha256(Buffer.from(NAMES[index] ?? '')) });
  });

  it('has many on their way at once, and none gets the address of another', async () => {
    await using scene = await openFiles();
    const { rig, device, to } = scene;
    const numbers = Array.from({ length: 40 }, (_, number) => number);
    await Promise.all(numbers.map((number) => rig.platform.files.put('lamp_1', `down-${number}`, [Buffer.from(`for ${number}`)])));
    const [ups, downs] = await Promise.all([
      Promise.all(numbers.map((number) => device.files.upload(Buffer.from(`from ${number}`), { name: `up-${number}` }).done)),
      Promise.all(numbers.map((number) => device.files.download(`down-${number}`, { to }).done)),
    ]);
    expect(ups.map(({ object, sha256: digest }) => [object, digest])).toEqual(numbers.map((number) => [`up-${number}`, sha256(Buffer.from(`from ${number}`))]));
    expect(await Promise.all(downs.map(({ file }) => fs.readFile(file, 'utf8')))).toEqual(numbers.map((number) => `for ${number}`));
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });

  it('says why a file could not be had, to its program and to the cloud', async () => {
    await using scene = await openFiles();
    const { device, files, to, source, outside } = scene;
    await expect(device.files.download('none', { to }).done).rejects.toMatchObject({ code: 'not-found', place: { number: 404 } });
    expect(await files.first()).toMatchObject({ direction: 'download', object: 'none', result: { code: 1, status: 404, text: expect.stringMatching(/404/) } });
    await fs.mkdir(to, { recursive: true });
    const mistakes = [
      device.files.upload(path.join(to, 'nothing')),
      device.files.upload(to),
      device.files.upload(Buffer.from('x')),
      device.files.upload(Buffer.from('x'), { name: '' }),
      device.files.upload(Buffer.from('x'), { name: 'x'.repeat(513) }),
      device.files.upload(7 as never),
      device.files.download('', { to }),
      device.files.download('x', undefined as never),
      device.files.download('x', { to: 'a\0b' }),
    ];
    const codes = await Promise.all(mistakes.map(({ done }) => done.then(() => 'done', ({ code }: { readonly code: string }) => code)));
    expect(codes).toEqual(['not-found', 'bad-input', 'bad-input', 'bad-input', 'bad-input', 'bad-input', 'bad-input', 'bad-input', 'bad-input']);
    await fs.writeFile(source, 'x');
    await expect(device.files.download('none', { to: path.join(source, 'below') }).done).rejects.toMatchObject({ code: 'disk-failed' });
    expect(await outside()).toEqual(['in', 'source.bin']);
  });

  it('asks for a fresh URL when one has expired on the way', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using scene = await openFiles({}, clock);
    const { rig, device, files, to } = scene;
    await rig.platform.files.put('lamp_1', 'old.txt', [Buffer.from('still there')]);
    let grants = 0;
    rig.platform.on('frame', ({ messages }) => {
      // The platform's clock is an hour on before the first URL of each direction is used.
      for (const { op } of messages) if (op === 'file.grant' && grants++ % 2 === 0) clock.set(clock.now() + 3_601_000);
    });
    await device.files.download('old.txt', { to }).done;
    await device.files.upload(Buffer.from('new'), { name: 'new.txt' }).done;
    expect(grants).toBe(4);
    expect(await fs.readFile(path.join(to, 'old.txt'), 'utf8')).toBe('still there');
    expect((await files.first(({ object, result }) => object === 'new.txt' && result !== undefined)).result).toMatchObject({ code: 0 });
  });

  it('goes on where an aborted download ended, and tells that it was aborted', async () => {
    await using scene = await openFiles();
    const { rig, device, files, to } = scene;
    const content = randomBytes(12_000_000);
    await rig.platform.files.put('lamp_1', 'large.bin', [content]);
    const abort = new AbortController();
    const first = device.files.download('large.bin', { to, signal: abort.signal });
    first.on('progress', ({ bytes }) => {
      if (bytes > 0) abort.abort();
    });
    await expect(first.done).rejects.toMatchObject({ code: 'aborted' });
    expect(await files.first()).toMatchObject({ object: 'large.bin', result: { code: 1, text: expect.stringContaining('aborted') } });
    expect(await fs.readdir(to)).not.toContain('large.bin');
    const second = device.files.download('large.bin', { to });
    expect(await second.done).toMatchObject({ bytes: content.length });
    expect(second.progress.resumed).toBeGreaterThan(0);
    expect(sha256(await fs.readFile(path.join(to, 'large.bin')))).toBe(sha256(content));
    expect(await fs.readdir(to)).toEqual(['large.bin']);
  });

  it('refuses to download the same file twice at once, and to go on when it is closed', async () => {
    await using scene = await openFiles();
    const { rig, device, to } = scene;
    await rig.platform.files.put('lamp_1', 'one', [Buffer.from('1')]);
    const [one, two] = [device.files.download('one', { to }), device.files.download('one', { to })];
    await expect(two.done).rejects.toMatchObject({ code: 'conflict' });
    expect(await one.done).toMatchObject({ bytes: 1 });
    const late = device.files.upload(Buffer.from('late'), { name: 'late' });
    await device.close();
    await expect(late.done).rejects.toMatchObject({ code: 'closed' });
    await expect(device.files.upload(Buffer.from('later'), { name: 'later' }).done).rejects.toMatchObject({ code: expect.stringMatching(/^(closed|offline)$/) });
  });

  it('cannot ask for a URL while it is offline', async () => {
    await using rig = await Rig.open();
    const device = rig.own(HUAWEI.device(1, rig.server)) as Device<typeof huawei>;
    await expect(device.files.upload(Buffer.from('x'), { name: 'x' }).done).rejects.toMatchObject({ code: 'offline' });
  });
});

it('A sub-device has files of its own, on its gateway\'s connection', async () => {
  await using rig = await Rig.open({ seed: gatewaySeed(0) });
  const device = (await onlineGateway(rig, HUAWEI_GATEWAY, 2)) as Device<typeof huawei>;
  const told = new Log<DeviceFile>();
  rig.platform.on('file', told.add);
  const content = (lamp: number): Buffer => Buffer.from(`of lamp ${lamp}`);
  await Promise.all([0, 1].map((lamp) => device.gateway.child(HUAWEI_GATEWAY.lamp(lamp)).files.upload(content(lamp), { name: 'state.txt' }).done));
  await device.files.upload(Buffer.from('of the gateway'), { name: 'state.txt' }).done;
  for (const [of, bytes] of [['lamp_sub0', content(0)], ['lamp_sub1', content(1)], ['gate_1', Buffer.from('of the gateway')]] as const) {
    expect(rig.platform.files.list(of, { limit: 5 })).toMatchObject({ total: 1, items: [{ device: of, object: 'state.txt', stored: { sha256: sha256(bytes) } }] });
  }
  await told.first(({ device: of, result }) => of === 'gate_1' && result?.code === 0);
  expect(rig.problems.all).toEqual([]);
});
