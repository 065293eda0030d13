// The same of what takes more than a message: gateways, files, upgrades, the time.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DeviceFile } from '@lianyun/platform';
import { FakeClock } from '@lianyun/protocol/testing';
import type { FileTransfer } from 'lianyun';
import { expect } from 'vitest';
import { HUAWEI, TENCENT, type Cloud } from './clouds.ts';
import type { How } from './core.ts';
import { gatewaySeed, onlineGateway, type GatewayCloud } from './gateways.ts';
import { Log } from './log.ts';
import { Rig } from './rig.ts';
import { asHuawei, changesOf, Folder, IMAGE, packed } from './upgrades.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const TARGET = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };
const { version } = JSON.parse(readFileSync(new URL('../../packages/device/package.json', import.meta.url), 'utf8')) as { readonly version: string };

/** What the platform knows of a lamp behind a gateway. */
const twinOf = (rig: Rig, cloud: GatewayCloud, lamp: number) => rig.platform.twins.read(cloud.name, cloud.lamp(lamp))[0]?.reported?.values;
export const isOnline = (rig: Rig, cloud: GatewayCloud, lamp: number) => rig.platform.downlink.isOnline(cloud.name, cloud.lamp(lamp));

/** A Huawei device with files, and a directory that they come into. */
export async function openFiles(how: How = {}, clock?: FakeClock) {
  const rig = await Rig.open({ ...how, ...(clock && { clock }) });
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'lianyun-files-'));
  const files = new Log<DeviceFile>();
  rig.platform.on('file', files.add);
  const device = asHuawei(rig.device(HUAWEI, 1));
  await device.connect();
  return {
    rig,
    device,
    files,
    /** Where the program keeps its files, and where downloads go. */
    source: path.join(directory, 'source.bin'),
    to: path.join(directory, 'in', 'here'),
    outside: async (): Promise<string[]> => (await fs.readdir(directory, { recursive: true })).filter((name) => !name.startsWith(path.join('in', 'here'))).sort(),
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await fs.rm(directory, { recursive: true, force: true });
    },
  };
}

/** How a transfer went on, as its events and its iterator tell it. */
export async function follow(transfer: FileTransfer<unknown>): Promise<{ readonly told: readonly number[]; readonly read: readonly number[] }> {
  const told: number[] = [];
  transfer.on('progress', ({ bytes }) => told.push(bytes));
  const read: number[] = [];
  for await (const { bytes } of transfer) read.push(bytes);
  return { told, read };
}

export async function takesANewVersion(how: How, cloud: Cloud): Promise<void> {
  await using rig = await Rig.open(how);
  using folder = new Folder();
  const changes = changesOf(rig);
  const { id: packageId } = await packed(rig, cloud);
  // Before the device is there: it hears of it when it comes.
  rig.platform.upgrades.create({ cloud: cloud.name, packageId, devices: [cloud.ref(1)] });
  const device = asHuawei(rig.device(cloud, 1));
  const files: string[] = [];
  device.ota.onOffer(async (upgrade) => {
    files.push(await upgrade.download({ directory: folder.path }).done);
    await upgrade.progress({ at: 'installing' }).delivered;
    await device.ota.report({ firmware: upgrade.version }).delivered;
  });
  const told = device.ota.report({ firmware: '1.0' });
  await device.connect();
  await told.delivered;
  const done = await changes.first(({ isOpen }) => !isOpen);
  expect(done).toMatchObject({ stage: 'succeeded', from: '1.0', to: '2.0', device: cloud.ref(1) });
  expect([files.length, readFileSync(files[0] ?? '').equals(IMAGE), folder.names.length]).toEqual([1, true, 1]);
  expect(rig.platform.registry.device(cloud.name, cloud.ref(1)).info?.firmware).toBe('2.0');
  const stages = changes.all.map(({ stage }) => stage);
  expect(stages.filter((stage, index) => stage !== stages[index - 1])).toEqual(expect.arrayContaining(['waiting', 'offered', 'downloading', 'succeeded']));
  expect(rig.problems.all).toEqual([]);
}

export async function huaweiGetsFiles(how: How): Promise<void> {
  await using scene = await openFiles(how);
  const { rig, device, files, to } = scene;
  const content = randomBytes(2_500_000);
  await rig.platform.files.put('lamp_1', 'firmware.map', [content]);
  const transfer = device.files.download('firmware.map', { to });
  const { read } = await follow(transfer);
  expect(await transfer.done).toEqual({ object: 'firmware.map', file: path.join(to, 'firmware.map'), bytes: content.length });
  expect(read.at(-1)).toBe(content.length);
  expect(sha256(await fs.readFile(path.join(to, 'firmware.map')))).toBe(sha256(content));
  await device.files.upload(Buffer.from('my own'), { name: 'mine.txt' }).done;
  await device.files.upload(Buffer.alloc(0), { name: 'empty' }).done;
  for (const name of ['mine.txt', 'empty']) await device.files.download(name, { to }).done;
  expect(await fs.readFile(path.join(to, 'mine.txt'), 'utf8')).toBe('my own');
  expect((await fs.readdir(to)).sort()).toEqual(['empty', 'firmware.map', 'mine.txt']);
  const results = (await files.first(({ direction, object, result }) => direction === 'download' && object === 'empty' && result !== undefined)).result;
  expect([results, rig.problems.all]).toMatchObject([{ code: 0, status: 200 }, []]);
}

export async function asksTheTime(how: How, cloud: Cloud): Promise<void> {
  const [clock, own] = [new FakeClock({ now: Date.UTC(2026, 0, 1, 10) }), new FakeClock({ now: Date.UTC(2026, 0, 1, 10) })];
  await using rig = await Rig.open({ ...how, clock });
  const device = await rig.online(cloud, 1, { clock: own });
  expect(await device.time.sync()).toEqual({ offsetMs: 0, roundTripMs: 0 });
  clock.set(clock.now() + 90_000);
  expect(await device.time.sync()).toEqual({ offsetMs: 90_000, roundTripMs: 0 });
  own.set(own.now() + 100_000);
  expect(await device.time.sync()).toEqual({ offsetMs: -10_000, roundTripMs: 0 });
  // Events carry the cloud's time from then on; the machine's stays as it was.
  const before = own.now();
  const at = new Promise<number | undefined>((resolve) => rig.platform.once('event', ({ event }) => resolve(event.at)));
  await device.events.post({ ...(cloud === HUAWEI ? { service: 'light' } : { severity: 'fault' as const }), name: 'burnt', params: { hours: 1 } }).delivered;
  expect(await at).toBe(before - 10_000);
  expect(own.now()).toBe(before);
  expect(rig.told(device).problems.all).toEqual([]);
  await device.close();
}

export async function huaweiTellsAboutItself(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const device = await rig.online(HUAWEI, 1);
  await device.info.report({ firmware: '1.0', software: '2.0' }).delivered;
  expect(await rig.huawei('GET', '/devices/lamp_1')).toMatchObject({ body: { fw_version: '1.0', sw_version: '2.0', device_sdk_version: `Lianyun_v${version}` } });
  await device.info.report({ sdk: 'mine', firmware: '1.1' }).delivered;
  expect(await rig.huawei('GET', '/devices/lamp_1')).toMatchObject({ body: { fw_version: '1.1', sw_version: '2.0', device_sdk_version: 'mine' } });
  expect(rig.problems.all).toEqual([]);
}

export async function tencentTellsAboutItself(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const device = await rig.online(TENCENT, 1);
  await device.info.report({ firmware: '3.1.4', imei: '11-22', latitude: '22.5', labels: { shelf: 'a' } }).delivered;
  expect(rig.platform.registry.device('tencent', 'LAMP000001/lamp1').info).toEqual({ firmware: '3.1.4', imei: '11-22', latitude: '22.5', labels: { shelf: 'a' } });
  expect((await rig.tencent('DescribeDevice', TARGET)).body).toMatchObject({ Device: { Version: '3.1.4' } });
  await expect(device.info.report('all' as any).delivered).rejects.toMatchObject({ code: 'bad-input' });
}

export async function addsLamps(how: How, cloud: GatewayCloud): Promise<void> {
  await using rig = await Rig.open({ ...how, seed: gatewaySeed(3) });
  const device = rig.own(cloud.gateway(rig.server, rig.options));
  await device.connect();
  const { gateway } = device;
  expect(await gateway.add([cloud.impossible.child, cloud.newLamp(1), cloud.newLamp(2)])).toEqual(
    expect.arrayContaining([expect.objectContaining(cloud.impossible.result), expect.objectContaining({ device: cloud.lamp(1), code: 0 }), expect.objectContaining({ device: cloud.lamp(2), code: 0 })]),
  );
  expect((await gateway.list()).map((child) => child.device).sort()).toEqual([cloud.lamp(1), cloud.lamp(2)]);
  expect(isOnline(rig, cloud, 1)).toBe(false);
  expect(await gateway.online([cloud.lamp(1), cloud.lamp(0)])).toEqual(
    expect.arrayContaining([expect.objectContaining({ device: cloud.lamp(1), code: 0 }), expect.objectContaining({ device: cloud.lamp(0), code: -1, text: expect.any(String) })]),
  );
  expect([isOnline(rig, cloud, 1), isOnline(rig, cloud, 2)]).toEqual([true, false]);
  expect(await gateway.offline([cloud.lamp(1)])).toMatchObject([{ code: 0 }]);
  expect(isOnline(rig, cloud, 1)).toBe(false);
  expect(await gateway.remove([cloud.lamp(1), cloud.lamp(0)])).toEqual(
    expect.arrayContaining([expect.objectContaining({ device: cloud.lamp(1), code: 0 }), expect.objectContaining({ device: cloud.lamp(0), code: -1 })]),
  );
  expect((await gateway.list()).map((child) => child.device)).toEqual([cloud.lamp(2)]);
  expect(rig.told(device).problems.all).toEqual([]);
}

export async function reportsForALamp(how: How, cloud: GatewayCloud): Promise<void> {
  await using rig = await Rig.open({ ...how, seed: gatewaySeed(3) });
  const device = await onlineGateway(rig, cloud, 2);
  await device.gateway.child(cloud.lamp(0)).properties.report(cloud.group({ level: 10 })).delivered;
  await device.gateway.child(cloud.lamp(1)).properties.report(cloud.group({ level: 20 })).delivered;
  expect([twinOf(rig, cloud, 0), twinOf(rig, cloud, 1)]).toEqual([{ level: 10 }, { level: 20 }]);
  expect(rig.platform.twins.read(cloud.name, cloud.gatewayRef)).toEqual([]);
}

export async function lampAnswersForItself(how: How, cloud: GatewayCloud): Promise<void> {
  await using rig = await Rig.open({ ...how, seed: gatewaySeed(3) });
  const device = await onlineGateway(rig, cloud, 2);
  const own: unknown[] = [];
  device.commands.handle('*', (call) => void own.push(call));
  device.properties.onSet((set) => void own.push(set));
  const lamp = device.gateway.child(cloud.lamp(0));
  const { promise: wasSet, resolve } = Promise.withResolvers<unknown>();
  lamp.commands.handle('blink', ({ args, device: of }) => ({ blinked: of === cloud.lamp(0) ? (args['times'] ?? 0) : 99 }));
  lamp.properties.onSet((set) => resolve([set.device, set.groups]));
  expect(await cloud.blink(rig, 0, 4)).toMatchObject(cloud.blinked(4));
  await cloud.set(rig, 0, { level: 7 });
  expect(await wasSet).toEqual([cloud.lamp(0), [cloud.group({ level: 7 })]]);
  expect(own).toEqual([]);
}
