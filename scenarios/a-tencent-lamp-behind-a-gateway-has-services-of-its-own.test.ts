import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Resource } from '@lianyun/platform';
import type { Device, GatewayChild, ResourceOffer, tencent } from 'lianyun';
import { uploadLogs } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { gatewaySeed, onlineGateway, TENCENT_GATEWAY } from './support/gateways.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

type VersionedResources = GatewayChild['versionedResources'];
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const target = (lamp: number) => ({ ProductId: 'LAMP000001', DeviceName: `sub${lamp}` });
const open = async (): Promise<{ rig: Rig; gateway: Device<typeof tencent> } & AsyncDisposable> => {
  const rig = await Rig.open({ seed: gatewaySeed(3) });
  const gateway = (await onlineGateway(rig, TENCENT_GATEWAY, 2)) as Device<typeof tencent>;
  return { rig, gateway, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
};

describe('A Tencent lamp behind a gateway', () => {
  it('is called in either form and answers for itself, while its neighbour and its gateway answer for themselves', async () => {
    await using all = await open();
    const { rig, gateway } = all;
    for (const lamp of [0, 1]) gateway.gateway.child(TENCENT_GATEWAY.lamp(lamp)).rpc.onCall(({ device, text }) => `${device} ${text}`);
    gateway.rpc.onCall(() => 'the gateway');
    // What was subscribed on this connection is there when something behind it was answered.
    await gateway.time.sync();
    for (const lamp of [0, 1]) {
      expect(await rig.tencent('PublishRRPCMessage', { ...target(lamp), Payload: 'old' })).toMatchObject({ body: { PayloadBase64: base64(`LAMP000001/sub${lamp} old`) } });
      expect(await rig.tencent('CallDeviceRRPCSync', { ...target(lamp), Payload: 'new' })).toMatchObject({ body: { Status: 'Replied', PayloadBase64: base64(`LAMP000001/sub${lamp} new`) } });
    }
    expect(await rig.tencent('PublishRRPCMessage', { ProductId: 'GATE000001', DeviceName: 'gate1', Payload: 'x' })).toMatchObject({ body: { PayloadBase64: base64('the gateway') } });
    // Not bound, and bound and offline.
    expect(await rig.tencent('PublishRRPCMessage', { ...target(2), Payload: 'x' })).toMatchObject({ body: { Error: { Code: 'FailedOperation.DeviceOffline' } } });
    await gateway.gateway.offline([TENCENT_GATEWAY.lamp(1)]);
    expect(await rig.tencent('CallDeviceRRPCSync', { ...target(1), Payload: 'x' })).toMatchObject({ body: { Error: { Code: 'FailedOperation.DeviceOffline' } } });
    expect([rig.problems.all, rig.told(gateway).problems.all]).toEqual([[], []]);
  });

  it('has the configuration of its own product, asked for and pushed', async () => {
    await using all = await open();
    const { rig, gateway } = all;
    const { remoteConfigs } = rig.platform.tencent;
    const lamp = gateway.gateway.child(TENCENT_GATEWAY.lamp(0));
    await expect(lamp.remoteConfig.get()).rejects.toMatchObject({ code: 'refused', place: { number: 1001 } });
    const pushed = new Log<unknown>();
    lamp.remoteConfig.onUpdate(({ content }) => pushed.add(content));
    gateway.remoteConfig.onUpdate(({ content }) => pushed.add(['gateway', content]));
    await gateway.time.sync();
    remoteConfigs.set('LAMP000001', { colour: 'red' });
    remoteConfigs.set('GATE000001', { lamps: 2 });
    expect(await lamp.remoteConfig.get()).toEqual({ colour: 'red' });
    expect(await gateway.remoteConfig.get()).toEqual({ lamps: 2 });
    expect(await remoteConfigs.push('LAMP000001')).toBe(1);
    await remoteConfigs.pushTo(TENCENT_GATEWAY.lamp(0));
    expect(await pushed.take(2)).toEqual([{ colour: 'red' }, { colour: 'red' }]);
  });

  it('puts resources into its own place and gets those that are for it', async () => {
    await using all = await open();
    const { rig, gateway } = all;
    const { resources } = rig.platform.tencent;
    const [lamp, other] = [0, 1].map((each) => gateway.gateway.child(TENCENT_GATEWAY.lamp(each))) as unknown as readonly [GatewayChild, GatewayChild];
    const folder = await mkdtemp(path.join(tmpdir(), 'lianyun-lamp-'));
    try {
      await lamp.resources.upload(Buffer.from('up'), { name: 'a.txt' }).done;
      const placed = (each: number) => rig.platform.objects.find(resources.placeOf(TENCENT_GATEWAY.lamp(each), 'upload', 'a.txt'));
      expect([placed(0)?.bytes, placed(1)]).toEqual([2, undefined]);
      const offers = new Log<ResourceOffer>();
      lamp.resources.onOffer(offers.add);
      await gateway.time.sync();
      await resources.offer(TENCENT_GATEWAY.lamp(0), 'b.txt', [Buffer.from('down')]);
      const { file } = await lamp.resources.download(await offers.first(), { to: folder }).done;
      expect(await readFile(file, 'utf8')).toBe('down');
      expect(await other.resources.check()).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('keeps versions of resources of its own up to date', async () => {
    await using all = await open();
    const { rig, gateway } = all;
    const { resources } = rig.platform.tencent;
    const [lamp, other] = [0, 1].map((each) => gateway.gateway.child(TENCENT_GATEWAY.lamp(each)).versionedResources) as unknown as readonly [VersionedResources, VersionedResources];
    const folder = await mkdtemp(path.join(tmpdir(), 'lianyun-lamp-'));
    try {
      const told = new Log<Resource>();
      rig.platform.on('resource', told.add);
      lamp.onUpdate(async (update) => void (await lamp.download(update, { to: folder }).done));
      lamp.onRemove(() => undefined);
      for (const each of [lamp, other]) await each.report([{ name: 'voice', version: '1', type: 'AUDIO' }]).delivered;
      await resources.offer(TENCENT_GATEWAY.lamp(0), 'voice', [Buffer.from('hello')], { version: '2', resourceType: 'AUDIO' });
      expect(await told.first(({ isOpen }) => !isOpen)).toMatchObject({ device: TENCENT_GATEWAY.lamp(0), has: '2' });
      expect([await lamp.recorded(), await other.recorded()]).toMatchObject([[{ version: '2' }], [{ version: '1' }]]);
      resources.remove(TENCENT_GATEWAY.lamp(0), 'voice');
      await told.first(({ name, isLeaving, told: last }) => name === 'voice' && isLeaving === undefined && last?.text === 'success' && resources.list(TENCENT_GATEWAY.lamp(0), { limit: 1 }).total === 0);
      expect(await lamp.upload(Buffer.from('up'), { name: 'a.txt', version: '1' }).done).toMatchObject({ bytes: 2 });
      const placed = (each: number) => rig.platform.objects.find(resources.placeOf(TENCENT_GATEWAY.lamp(each), 'upload', 'a.txt'));
      expect([placed(0)?.bytes, placed(1)]).toEqual([2, undefined]);
      expect([rig.problems.all, rig.told(gateway).problems.all]).toEqual([[], []]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('hears of users that bind it', async () => {
    await using all = await open();
    const { rig, gateway } = all;
    const heard = new Log<unknown>();
    gateway.gateway.child(TENCENT_GATEWAY.lamp(0)).binding.onChange(({ bound }) => heard.add(bound));
    gateway.binding.onChange(() => heard.add('the gateway'));
    await gateway.time.sync();
    await rig.platform.tencent.bindings.notify(TENCENT_GATEWAY.lamp(0), true);
    expect(await heard.first()).toBe(true);
  });

  it('is asked for logs of its own level, and its gateway uploads them with its secret', async () => {
    await using all = await open();
    const { rig, gateway } = all;
    const lamp = gateway.gateway.child(TENCENT_GATEWAY.lamp(0));
    expect(lamp.logs.config).toEqual({ on: false });
    rig.platform.logs.configure('tencent', TENCENT_GATEWAY.lamp(0), { on: true, level: 2 });
    const levels = new Log<unknown>();
    lamp.logs.onConfig(({ level }) => levels.add(level));
    expect(await levels.first()).toBe(2);
    rig.platform.logs.configure('tencent', TENCENT_GATEWAY.lamp(0), { on: true, level: 4 });
    expect((await levels.take(2))[1]).toBe(4);
    expect(gateway.logs.config).toEqual({ on: false });
    const { secret } = rig.platform.registry.device('tencent', TENCENT_GATEWAY.lamp(0));
    await uploadLogs({ productId: 'LAMP000001', deviceName: 'sub0', deviceSecret: secret, url: `http://127.0.0.1:${rig.httpPort}`, lines: [{ level: 'WARN', content: 'warm' }] });
    expect(rig.platform.logs.list({ cloud: 'tencent', limit: 9 }).items).toMatchObject([{ device: TENCENT_GATEWAY.lamp(0), type: 'WARN', content: 'warm' }]);
    // It has no connection of its own.
    expect(() => (lamp as unknown as GatewayChild).logs.reportConnections()).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
