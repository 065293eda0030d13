import { once } from 'node:events';
import type { PlatformEvents } from '@lianyun/platform';
import type { CloudMessage, Device, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { GATEWAYS, gatewaySeed, HUAWEI_GATEWAY, onlineGateway, TENCENT_GATEWAY, type GatewayCloud } from './support/gateways.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const open = (lamps = 3): Promise<Rig> => Rig.open({ seed: gatewaySeed(lamps) });
/** As programs for both clouds see it: what only one of them has is refused at run time. */
const gatewayOf = async (rig: Rig, cloud: GatewayCloud, lamps: number): Promise<Device> => (await onlineGateway(rig, cloud, lamps)) as Device;
const textOf = (message: Pick<CloudMessage & { content?: unknown; bytes?: Uint8Array }, 'content' | 'bytes'>): unknown => (message.bytes === undefined ? message.content : Buffer.from(message.bytes).toString());

function listen<K extends 'event' | 'message'>(rig: Rig, what: K): Log<PlatformEvents[K][0]> {
  const log = new Log<PlatformEvents[K][0]>();
  rig.platform.on(what, log.add as never);
  return log;
}

describe.each(GATEWAYS)('A lamp behind a gateway on $name', (cloud) => {
  it('tells of events in its own name, and they are kept as its own', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, cloud, 2);
    const told = listen(rig, 'event');
    await device.gateway.child(cloud.lamp(0)).events.post([cloud.event(1), cloud.event(2)]).delivered;
    await device.gateway.child(cloud.lamp(1)).events.post(cloud.event(3)).delivered;
    expect(told.all.map(({ device: of, event }) => [of, event.params['hours']])).toEqual([[cloud.lamp(0), 1], [cloud.lamp(0), 2], [cloud.lamp(1), 3]]);
    const kept = (of: string): unknown[] => rig.platform.events.list(cloud.name, of, { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 9 }).items.map(({ params }) => params['hours']);
    expect([kept(cloud.lamp(0)), kept(cloud.lamp(1)), kept(cloud.gatewayRef)]).toEqual([[2, 1], [3], []]);
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });

  it('sends messages in its own name and takes its own, whether or not its gateway takes any', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, cloud, 2);
    const told = listen(rig, 'message');
    const [lamp, other] = [device.gateway.child(cloud.lamp(0)), device.gateway.child(cloud.lamp(1))];
    const heard = new Log<readonly [string, unknown]>();
    const undo = lamp.messages.onMessage((message) => heard.add([message.device, textOf(message)]));
    if (cloud === HUAWEI_GATEWAY) {
      // Nobody is asked for the other one's.
      expect(await cloud.post(rig, 1, 'lost')).toMatchObject(cloud.posted);
      expect(await rig.told(device).problems.first()).toMatchObject({ code: 'unknown-message', place: { device: cloud.lamp(1) } });
    }
    other.messages.onMessage((message) => heard.add(['the other', textOf(message)]));
    const undoOwn = device.messages.onMessage((message) => heard.add(['the gateway', textOf(message)]));
    await lamp.messages.send(cloud.message('up')).delivered;
    expect((await told.first()).device).toBe(cloud.lamp(0));
    expect(textOf((await told.first()).message as never)).toBe('up');
    for (const [index, which] of [0, 1, 0].entries()) expect(await cloud.post(rig, which, `down ${index}`)).toMatchObject(cloud.posted);
    expect(await heard.take(3)).toEqual([[cloud.lamp(0), 'down 0'], ['the other', 'down 1'], [cloud.lamp(0), 'down 2']]);
    // A handler less of the gateway's own takes nothing from its lamps.
    undoOwn();
    expect(await cloud.post(rig, 0, 'down 3')).toMatchObject(cloud.posted);
    expect((await heard.take(4))[3]).toEqual([cloud.lamp(0), 'down 3']);
    undo();
    lamp.messages.onMessage(() => heard.add(['again', '']));
    expect(rig.problems.all).toEqual([]);
  });

  it('tells about itself and asks the time in its own name', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, cloud, 2);
    const lamp = device.gateway.child(cloud.lamp(0));
    await lamp.info.report({ firmware: '9.1' }).delivered;
    const registered = (of: string) => rig.platform.registry.device(cloud.name, of).info?.firmware;
    expect([registered(cloud.lamp(0)), registered(cloud.lamp(1)), registered(cloud.gatewayRef)]).toEqual(['9.1', undefined, undefined]);
    const asked = new Log<readonly [string, string]>();
    rig.platform.on('frame', ({ messages }) => {
      for (const { op, message } of messages) if (op === 'time.query' || op === 'time.answer') asked.add([op, message.device]);
    });
    const [ours, own] = await Promise.all([lamp.time.sync(), device.time.sync()]);
    for (const { offsetMs, roundTripMs } of [ours, own]) expect([Math.abs(offsetMs) < 1000, roundTripMs >= 0]).toEqual([true, true]);
    expect(asked.all.filter(([op]) => op === 'time.answer').map(([, of]) => of).sort()).toEqual([cloud.gatewayRef, cloud.lamp(0)].sort());
    expect([rig.problems.all, rig.told(device).problems.all]).toEqual([[], []]);
  });

  it('is not spoken for any more once it is not its gateway\'s', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, cloud, 1);
    const lamp = device.gateway.child(cloud.lamp(0));
    lamp.messages.onMessage(() => undefined);
    await device.gateway.remove([cloud.lamp(0)]);
    const [events, messages] = [listen(rig, 'event'), listen(rig, 'message')];
    const receipts = [lamp.events.post(cloud.event(1)), lamp.messages.send(cloud.message('x'))];
    // Both clouds acknowledge what they forbid, and drop it.
    await device.properties.report(cloud.group({ level: 1 })).delivered;
    expect([events.all, messages.all]).toEqual([[], []]);
    await device.close();
    await Promise.allSettled(receipts.map(({ delivered }) => delivered));
    expect(rig.platform.registry.findDevice(cloud.name, cloud.lamp(0))?.gateway).toBeUndefined();
  });

  it('has 200 like it on one connection, whose events, messages and commands at the same time never cross', async () => {
    await using rig = await open(200);
    const device = await gatewayOf(rig, cloud, 200);
    const lamps = Array.from({ length: 200 }, (_, lamp) => lamp);
    const [events, messages] = [listen(rig, 'event'), listen(rig, 'message')];
    const heard = new Log<readonly [string, unknown]>();
    for (const each of lamps) {
      const ref = cloud.lamp(each);
      const lamp = device.gateway.child(ref);
      lamp.messages.onMessage((message) => heard.add([ref, textOf(message)]));
      lamp.commands.handle('blink', ({ args, device: of }) => ({ blinked: Number(args['times']) * 1000 + (of === ref ? each : -1) }));
    }
    const [answers] = await Promise.all([
      Promise.all(lamps.map((lamp) => cloud.blink(rig, lamp, 1 + (lamp % 10)))),
      Promise.all(lamps.map((lamp) => cloud.post(rig, lamp, `for ${lamp}`))),
      Promise.all(lamps.map((lamp) => device.gateway.child(cloud.lamp(lamp)).events.post(cloud.event(lamp)).delivered)),
      Promise.all(lamps.map((lamp) => device.gateway.child(cloud.lamp(lamp)).messages.send(cloud.message(`from ${lamp}`)).delivered)),
    ]);
    for (const [lamp, answer] of answers.entries()) expect(answer).toMatchObject(cloud.blinked((1 + (lamp % 10)) * 1000 + lamp));
    const byLamp = (pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> => Object.fromEntries(pairs);
    expect(byLamp(await heard.take(200))).toEqual(byLamp(lamps.map((lamp) => [cloud.lamp(lamp), `for ${lamp}`])));
    expect(byLamp((await events.take(200)).map(({ device: of, event }) => [of, event.params['hours']]))).toEqual(byLamp(lamps.map((lamp) => [cloud.lamp(lamp), lamp])));
    expect(byLamp((await messages.take(200)).map(({ device: of, message }) => [of, textOf(message as never)]))).toEqual(byLamp(lamps.map((lamp) => [cloud.lamp(lamp), `from ${lamp}`])));
    expect([heard.all.length, events.all.length, messages.all.length, rig.problems.all, rig.told(device).problems.all]).toEqual([200, 200, 200, [], []]);
  });
});

describe('A lamp behind a Huawei gateway', () => {
  it('has its messages kept while the gateway is away, whatever its own status, and delivered in order', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, HUAWEI_GATEWAY, 1);
    const heard = new Log<unknown>();
    device.gateway.child('lamp_sub0').messages.onMessage((message) => heard.add(textOf(message)));
    await device.gateway.offline(['lamp_sub0']);
    expect(await HUAWEI_GATEWAY.post(rig, 0, 'sent')).toMatchObject(HUAWEI_GATEWAY.posted);
    await device.gateway.online(['lamp_sub0']);
    const left = once(rig.platform, 'offline');
    await device.close();
    await left;
    for (const text of ['first', 'second']) expect(await HUAWEI_GATEWAY.post(rig, 0, text)).toMatchObject({ status: 201, body: { result: { status: 'PENDING' } } });
    const next = rig.own(HUAWEI_GATEWAY.gateway(rig.server)) as Device;
    next.gateway.child('lamp_sub0').messages.onMessage((message) => heard.add(textOf(message)));
    await next.connect();
    expect(await heard.take(3)).toEqual(['sent', 'first', 'second']);
    expect(await rig.huawei('GET', '/devices/lamp_sub0/messages')).toMatchObject({ body: { messages: [{ status: 'DELIVERED' }, { status: 'DELIVERED' }, { status: 'DELIVERED' }] } });
  });

  it('cannot be sent bytes, which have no place for its name', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, HUAWEI_GATEWAY, 1);
    expect(await rig.huawei('POST', '/devices/lamp_sub0/messages', { message: 'x', payload_format: 'raw' })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining('sub-device') } });
    await expect(device.gateway.child('lamp_sub0').messages.send({ bytes: Buffer.from('x') }).delivered).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('takes the events of the cloud that name it, and its gateway those that name the gateway', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, HUAWEI_GATEWAY, 1);
    const heard = new Log<unknown>();
    device.gateway.child('lamp_sub0').events.onNotify((event) => heard.add(['the lamp', event.device, event.params]));
    device.events.onNotify((event) => heard.add(['the gateway', event.device, event.params]));
    for (const [name, on] of [['lamp_sub0', 1], ['gate_1', 2]] as const) {
      const payload = JSON.stringify({ object_device_id: name, services: [{ service_id: 'light', event_type: 'told', paras: { on } }] });
      await rig.platform.access.deliver('huawei', 'gate_1', { topic: '$oc/devices/gate_1/sys/events/down', payload, qos: 0 }).delivered;
    }
    expect(await heard.take(2)).toEqual([['the lamp', 'lamp_sub0', { on: 1 }], ['the gateway', 'gate_1', { on: 2 }]]);
  });
});

describe('A lamp behind a Tencent gateway', () => {
  it('is answered 406 itself for an event that its template does not allow', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, TENCENT_GATEWAY, 2);
    const [good, bad] = [1, 2].map((hours) => device.gateway.child(TENCENT_GATEWAY.lamp(hours - 1)).events.post({ ...TENCENT_GATEWAY.event(hours), ...(hours === 2 ? { name: 'stolen' } : {}) }));
    await good?.delivered;
    await expect(bad?.delivered).rejects.toMatchObject({ code: 'refused', place: { number: 406 } });
    expect((await rig.tencent('ListEventHistory', { ProductId: 'LAMP000001', DeviceName: 'sub0' })).body).toMatchObject({ Total: 1, EventHistory: [{ DeviceName: 'sub0', Data: '{"hours":1}' }] });
  });

  it('publishes and subscribes topics of its own while it is online, and its gateway\'s handlers hear nothing of them', async () => {
    await using rig = await open();
    const device = await onlineGateway(rig, TENCENT_GATEWAY, 2) as Device<typeof tencent>;
    const [lamp, other] = [0, 1].map((index) => device.gateway.child(TENCENT_GATEWAY.lamp(index)));
    const heard = new Log<string>();
    const undo = lamp?.topics.subscribe('LAMP000001/sub0/+', ({ topic, payload }) => heard.add(`${topic} ${payload.toString()}`));
    device.topics.subscribe('GATE000001/gate1/data', ({ topic }) => heard.add(`the gateway: ${topic}`));
    const send = (sub: number, topic: string, Payload: string) => rig.tencent('PublishMessage', { ProductId: 'LAMP000001', DeviceName: `sub${sub}`, Topic: topic, Payload });
    expect(await send(0, 'LAMP000001/sub0/control', 'one')).toMatchObject(TENCENT_GATEWAY.posted);
    // What a device publishes to its data topic comes back to those who subscribe it (0.2).
    await lamp?.topics.publish('LAMP000001/sub0/data', 'two').delivered;
    expect(await heard.take(2)).toEqual(['LAMP000001/sub0/control one', 'LAMP000001/sub0/data two']);
    expect(() => other?.topics.subscribe('LAMP000001/sub0/data', () => undefined)).toThrow(expect.objectContaining({ code: 'not-permitted' }));
    await expect(other?.topics.publish('GATE000001/gate1/data', 'x').delivered).rejects.toMatchObject({ code: 'not-permitted' });
    await device.gateway.offline([TENCENT_GATEWAY.lamp(0)]);
    await device.gateway.online([TENCENT_GATEWAY.lamp(0)]);
    expect(await send(0, 'LAMP000001/sub0/control', 'three')).toMatchObject(TENCENT_GATEWAY.posted);
    expect((await heard.take(3))[2]).toBe('LAMP000001/sub0/control three');
    undo?.();
    await device.properties.report({ values: { level: 1 } }).delivered;
    expect(await send(0, 'LAMP000001/sub0/control', 'four')).toMatchObject({ body: { Error: { Code: 'FailedOperation.DeviceNoSubscription' } } });
    expect([heard.all.length, rig.told(device).problems.all.filter(({ code }) => code !== 'not-permitted')]).toEqual([3, []]);
  });

  it('hears on its own topics while it is online, and after a reconnect again', async () => {
    await using rig = await open();
    const device = await gatewayOf(rig, TENCENT_GATEWAY, 1);
    const ref = TENCENT_GATEWAY.lamp(0);
    await device.gateway.offline([ref]);
    const heard = new Log<unknown>();
    // Registered while it is offline: subscribing now would be refused.
    device.gateway.child(ref).messages.onMessage((message) => heard.add(textOf(message)));
    expect(await TENCENT_GATEWAY.post(rig, 0, 'too early')).toMatchObject({ body: { Error: { Code: 'FailedOperation.DeviceOffline' } } });
    await device.gateway.online([ref]);
    expect(await TENCENT_GATEWAY.post(rig, 0, 'one')).toMatchObject(TENCENT_GATEWAY.posted);
    const back = once(device, 'online');
    rig.platform.access.kick('tencent', TENCENT_GATEWAY.gatewayRef, 'the test wants it');
    await back;
    expect(await TENCENT_GATEWAY.post(rig, 0, 'two')).toMatchObject(TENCENT_GATEWAY.posted);
    expect(await heard.take(2)).toEqual(['one', 'two']);
    await device.gateway.offline([ref]);
    expect(await TENCENT_GATEWAY.post(rig, 0, 'too late')).toMatchObject({ body: { Error: { Code: 'FailedOperation.DeviceOffline' } } });
    expect([rig.notices.all.filter(({ kind }) => kind !== 'kicked'), rig.told(device).problems.all]).toEqual([[], []]);
  });
});
