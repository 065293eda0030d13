import { FakeClock } from '@lianyun/protocol/testing';
import type { Device, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { heardBy, huaweiGetsMessages, huaweiSendsMessages, post, show, tencentSendsAndGetsBytes } from './support/core.ts';
import { CLOUDS, HUAWEI, TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const MINUTE_MS = 60_000;
const TARGET = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };

describe('A message of a Huawei device', () => {
  it('goes up in the system format or as any bytes, is kept, and is an event of the platform', () => huaweiSendsMessages({}));
});

it('A Huawei device speaks for no other device that is not its sub-device', async () => {
  await using rig = await Rig.open();
  const told: unknown[] = [];
  rig.platform.on('message', (message) => told.push(message));
  rig.platform.on('event', (event) => told.push(event));
  const device = await rig.online(HUAWEI, 1);
  const foreign = { object_device_id: 'lamp_2' };
  const send = (topic: string, body: object) => device.topics.publish(`$oc/devices/lamp_1/sys/${topic}`, JSON.stringify({ ...foreign, ...body })).delivered;
  await send('messages/up', { content: 'x' });
  await send('events/up', { services: [{ service_id: 'light', event_type: 'burnt', paras: {} }] });
  await send('events/up', { services: [{ service_id: '$sdk_info', event_type: 'sdk_info_report', paras: { fw_version: '9' } }] });
  await send('shadow/get/request_id=1', {});
  expect(told).toEqual([]);
  expect(rig.problems.all.map(({ code }) => code)).toEqual(['not-permitted', 'not-permitted', 'not-permitted', 'not-permitted']);
  expect(rig.platform.registry.device('huawei', 'lamp_2').info).toBeUndefined();
});

describe('A message for a Huawei device that is online', () => {
  it('arrives in the format that CreateMessage asks for', () => huaweiGetsMessages({}));

  it('goes to a topic of the device\'s own when it has subscribed it, else CreateMessage fails with IOTDA.014112', async () => {
    await using rig = await Rig.open();
    const device = rig.device(HUAWEI, 1);
    const heard = new Log<string>();
    for (const filter of ['$oc/devices/lamp_1/user/#', 'factory/hall']) device.topics.subscribe(filter, ({ topic, payload }) => heard.add(`${topic} ${payload.toString()}`));
    await device.connect();
    expect(await post(rig, { message: 'a', payload_format: 'raw', topic: 'note/1' })).toMatchObject({ status: 201, body: { result: { status: 'DELIVERED' } } });
    expect(await post(rig, { message: 'b', payload_format: 'raw', topic_full_name: 'factory/hall' })).toMatchObject({ status: 201 });
    await post(rig, { message: 'c', message_id: 'm-3', topic: 'note' });
    expect(await heard.take(3)).toEqual(['$oc/devices/lamp_1/user/note/1 a', 'factory/hall b', '$oc/devices/lamp_1/user/note {"id":"m-3","content":"c"}']);
    expect(await show(rig, 'm-3')).toMatchObject({ body: { topic: 'note' } });

    expect(await post(rig, { message: 'd', message_id: 'm-4', topic_full_name: 'office/desk' })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.014112' } });
    expect(await show(rig, 'm-4')).toMatchObject({ body: { topic: 'office/desk', status: 'FAILED', error_info: { error_code: 'IOTDA.014112' } } });
  });

  it.each([
    ['no message', { name: 'x' }, 'message'],
    ['base64 in the system format', { message: 'AAAA', encoding: 'base64' }, 'encoding'],
    ['base64 that is none', { message: 'A', encoding: 'base64', payload_format: 'raw' }, 'base64'],
    ['two topics', { message: 'x', topic: 'a', topic_full_name: 'b' }, 'exclude'],
    ['a topic of the platform', { message: 'x', topic_full_name: '$oc/devices/lamp_1/sys/commands/request_id=1' }, 'topic_full_name'],
    ['a lifetime that is no multiple of 5', { message: 'x', ttl: 7 }, 'ttl'],
    ['too much', { message: 'x'.repeat(256 * 1024 + 1) }, 'message'],
  ])('is refused with %s', async (_what, body, named) => {
    await using rig = await Rig.open();
    expect(await post(rig, body)).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining(named) } });
  });
});

describe('A message for a Huawei device that is offline', () => {
  it('waits, at most 20 of them and the oldest replaced, and arrives in order when the device connects', async () => {
    await using rig = await Rig.open();
    for (let i = 1; i <= 22; i++) expect(await post(rig, { message: i, message_id: `m-${i}` })).toMatchObject({ status: 201, body: { result: { status: 'PENDING' } } });
    expect(await show(rig, 'm-2')).toMatchObject({ body: { status: 'FAILED', error_info: { error_msg: expect.stringContaining('20') } } });
    expect(await show(rig, 'm-3')).toMatchObject({ body: { status: 'PENDING' } });
    const device = rig.device(HUAWEI, 1);
    const heard = heardBy(device);
    await device.connect();
    expect((await heard.take(20)).map((message) => ('content' in message ? message.content : undefined))).toEqual(Array.from({ length: 20 }, (_, i) => i + 3));
    expect(await show(rig, 'm-22')).toMatchObject({ body: { status: 'DELIVERED' } });
    // Nothing comes twice.
    await device.close();
    const again = rig.device(HUAWEI, 1);
    const later = heardBy(again);
    await again.connect();
    await post(rig, { message: 'the end' });
    await later.take(1);
    expect(later.all).toMatchObject([{ content: 'the end' }]);
  });

  it('is given up after its lifetime, a day at most, and not kept at all with a lifetime of 0', async () => {
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open({ clock });
    await post(rig, { message: 'short', message_id: 'm-1', ttl: 5 });
    await post(rig, { message: 'long', message_id: 'm-2' });
    expect(await post(rig, { message: 'none', message_id: 'm-3', ttl: 0 })).toMatchObject({ status: 201, body: { result: { status: 'FAILED' } } });
    clock.set(clock.now() + 5 * MINUTE_MS);
    expect(await show(rig, 'm-1')).toMatchObject({ body: { status: 'TIMEOUT', finished_time: expect.any(String) } });
    expect(await show(rig, 'm-2')).toMatchObject({ body: { status: 'PENDING' } });
    clock.set(clock.now() + 24 * 60 * MINUTE_MS);
    expect(await show(rig, 'm-2')).toMatchObject({ body: { status: 'TIMEOUT' } });
    expect(await show(rig, 'm-3')).toMatchObject({ body: { status: 'FAILED', error_info: { error_code: 'IOTDA.014016' } } });
  });

  it('is not delivered any more when it was deleted', async () => {
    await using rig = await Rig.open();
    for (const id of ['m-1', 'm-2', 'm-3']) await post(rig, { message: id, message_id: id });
    expect(await rig.huawei('DELETE', '/devices/lamp_1/messages/m-2')).toEqual({ status: 204, body: undefined });
    expect(await rig.huawei('DELETE', '/devices/lamp_1/messages/m-2')).toMatchObject({ status: 404 });
    const device = rig.device(HUAWEI, 1);
    const heard = heardBy(device);
    await device.connect();
    expect((await heard.take(2)).map((message) => 'content' in message && message.content)).toEqual(['m-1', 'm-3']);
    await rig.huawei('DELETE', '/devices/lamp_1/messages/m-1');
    const { body } = await rig.huawei('GET', '/devices/lamp_1/messages');
    expect((body as any).messages.map((each: any) => each.message_id)).toEqual(['m-3']);
  });

  it('cannot go to a topic of the device\'s own: nothing is subscribed while it is offline', async () => {
    await using rig = await Rig.open();
    expect(await post(rig, { message: 'x', topic: 'note' })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.014112' } });
  });
});

describe('A Tencent device', () => {
  it('sends and takes bytes, on topics that it subscribes when they are used', () => tencentSendsAndGetsBytes({}));

  it('gets what PublishMessage puts on its own topics, and the errors of those that cannot be reached', async () => {
    await using rig = await Rig.open();
    const body = { ...TARGET, Topic: 'LAMP000001/lamp1/data', Payload: 'hello', Qos: 1 };
    expect((await rig.tencent('PublishMessage', body)).body).toMatchObject({ Error: { Code: 'FailedOperation.DeviceOffline' } });
    const device = await rig.online(TENCENT, 1);
    expect((await rig.tencent('PublishMessage', body)).body).toMatchObject({ Error: { Code: 'FailedOperation.DeviceNoSubscription' } });
    const heard = new Log<string>();
    device.topics.subscribe('LAMP000001/lamp1/data', ({ payload }) => heard.add(payload.toString()));
    await device.properties.report({ values: { level: 1 } }).delivered;
    expect((await rig.tencent('PublishMessage', body)).body).toEqual({ RequestId: expect.any(String) });
    expect(await heard.first()).toBe('hello');
    for (const wrong of [{ Topic: 'LAMP000001/lamp2/data' }, { Topic: 'LAMP000001/lamp1/event' }, { Topic: 'LAMP000001/lamp1/#' }, { Qos: 2 }, { PayloadEncoding: 'hex' }]) {
      expect((await rig.tencent('PublishMessage', { ...body, ...wrong })).body).toMatchObject({ Error: { Code: 'InvalidParameterValue' } });
    }
    expect((await rig.tencent('PublishMessage', { ...body, Payload: 'x'.repeat(65_537) })).body).toMatchObject({ Error: { Code: 'InvalidParameterValue.PayloadOverLimit' } });
  });

  it('cannot send content: it is absent from the type, and refused with unsupported in JavaScript', async () => {
    await using rig = await Rig.open();
    const device = rig.device(TENCENT, 1) as Device<typeof tencent>;
    // @ts-expect-error: Tencent carries bytes only
    await expect(device.messages.send({ content: 'hi' }).delivered).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe.each(CLOUDS)('A message handler on $name', (cloud) => {
  it('is one, can be taken back, and what it throws is a problem', async () => {
    await using rig = await Rig.open();
    const device = rig.device(cloud, 1);
    const undo = device.messages.onMessage(() => {
      throw new Error('no room');
    });
    expect(() => device.messages.onMessage(() => undefined)).toThrow(expect.objectContaining({ code: 'duplicate-handler' }));
    await device.connect();
    if (cloud === HUAWEI) await post(rig, { message: 'x' });
    else await rig.tencent('PublishMessage', { ...TARGET, Topic: '$thing/down/raw/LAMP000001/lamp1', Payload: 'x' });
    expect(await rig.told(device).problems.first()).toMatchObject({ code: 'handler-failed', message: expect.stringContaining('no room') });
    undo();
    device.messages.onMessage(() => undefined);
  });
});
