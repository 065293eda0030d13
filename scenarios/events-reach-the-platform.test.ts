import { compileModel, readHuaweiProfile, readTencentTemplate } from '@lianyun/protocol';
import type { Device, huawei, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { eventsOf, huaweiTellsOfEvents, tencentTellsOfEvents } from './support/core.ts';
import { CLOUDS, HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { happens, Rig } from './support/rig.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const TARGET = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };
const TEMPLATE = compileModel(readTencentTemplate(SEED.tencent.products[0].template));
const PROFILE = compileModel(readHuaweiProfile(SEED.huawei.products[0].service_capabilities));

describe('A Huawei device', () => {
  it('tells of events, one frame each, and the platform forwards and keeps them without an answer', () => huaweiTellsOfEvents({}));

  it('takes events of the cloud through its handler, and tells what the handler throws', async () => {
    await using rig = await Rig.open();
    const device = rig.own(HUAWEI.device(1, rig.server)) as Device<typeof huawei>;
    const heard = new Log<unknown>();
    const undo = device.events.onNotify((event) => {
      heard.add(event);
      if (event.name === 'bad') throw new Error('no lamp');
    });
    expect(() => device.events.onNotify(() => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    await device.connect();
    const send = (type: string) =>
      rig.platform.access.deliver('huawei', 'lamp_1', {
        topic: '$oc/devices/lamp_1/sys/events/down',
        payload: JSON.stringify({ object_device_id: 'lamp_1', services: [{ service_id: 'light', event_type: type, event_time: '20260102T030405Z', event_id: '7', paras: { on: 1 } }] }),
        qos: 0,
      }).delivered;
    await send('good');
    await send('bad');
    expect(await heard.take(2)).toEqual([{ device: 'lamp_1', service: 'light', name: 'good', id: '7', at: AT - 678, params: { on: 1 } }, expect.objectContaining({ name: 'bad' })]);
    expect(await rig.told(device).problems.first()).toMatchObject({ code: 'handler-failed', message: expect.stringContaining('no lamp') });
    undo();
  });
});

describe('A Tencent device', () => {
  it('tells of one event or several, each form is answered in its own, and ListEventHistory pages through them', () => tencentTellsOfEvents({}));

  it.each([
    ['without a parameter', { name: 'burnt', params: {} }, 'Param count not match'],
    ['out of range', { name: 'burnt', params: { hours: -1 } }, 'hours value -1 out of range:[0,100000]'],
    ['that the template does not have', { name: 'stolen', params: {} }, 'stolen'],
    ['with another severity', { name: 'burnt', params: { hours: 1 }, severity: 'info' as const }, 'fault'],
  ])('is refused with 406 when it tells of an event %s, and nothing of the message is kept', async (_how, event, text) => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    const receipt = device.events.post([{ name: 'burnt', params: { hours: 5 }, severity: 'fault' }, { severity: 'fault', ...event }]);
    await expect(receipt.delivered).rejects.toMatchObject({ code: 'refused', place: { number: 406 }, message: expect.stringContaining(text) });
    expect(rig.problems.all).toMatchObject([{ code: 'model-violation' }]);
    expect((await rig.tencent('ListEventHistory', TARGET)).body).toMatchObject({ Total: 0 });
  });

  it('has a foreign client\'s hybrid form answered as a list', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(TENCENT, 1);
    await client.subscribeAsync('$thing/down/event/LAMP000001/lamp1');
    const answer = happens(client, 'message');
    client.publish('$thing/up/event/LAMP000001/lamp1', JSON.stringify({ method: 'event_post', clientToken: 't', events: [{ eventId: 'burnt', type: 'fault', timestamp: 1626857308464, params: { hours: 7 } }] }));
    const [, payload] = await answer;
    expect(JSON.parse(String(payload))).toEqual({ method: 'events_reply', clientToken: 't', code: 0, status: '', data: {} });
  });

  it('must say the severity when no model does', async () => {
    await using rig = await Rig.open();
    const device = rig.device(TENCENT, 1);
    await expect(device.events.post({ name: 'burnt', params: { hours: 1 } }).delivered).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('severity') });
  });
});

describe.each(CLOUDS)('A device on $name with a model', (cloud) => {
  it('is told of a wrong event before it is sent, and one posted offline keeps its time', async () => {
    await using rig = await Rig.open();
    const device = rig.device(cloud, 1, { model: cloud === HUAWEI ? PROFILE : TEMPLATE });
    const service = cloud === HUAWEI ? { service: 'light' } : {};
    await expect(device.events.post({ ...service, name: 'burnt', params: { hours: 'many' } }).delivered).rejects.toMatchObject({ code: 'model-violation', place: { path: expect.stringContaining('burnt.hours') } });
    await expect(device.events.post([]).delivered).rejects.toMatchObject({ code: 'bad-input' });
    await expect(device.events.post({ name: 7 } as any).delivered).rejects.toMatchObject({ code: 'bad-input' });
    const told = eventsOf(rig);
    const before = Date.now();
    const { stored, delivered } = device.events.post({ ...service, name: 'burnt', params: { hours: 3 } });
    await stored;
    const after = Date.now();
    await device.connect();
    await delivered;
    const at = told.all[0]?.event.at ?? 0;
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(after);
  });
});

it('A Tencent device has no events of the cloud, in JavaScript a registration is refused with unsupported', async () => {
  await using rig = await Rig.open();
  const device = rig.device(TENCENT, 1) as Device<typeof tencent>;
  // @ts-expect-error: only Huawei sends events
  expect(() => device.events.onNotify(() => undefined)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});
