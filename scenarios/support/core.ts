// What a device does with values, events and messages on either cloud: the bodies of scenarios of their own, which are run over every transport and version
// of MQTT as well.
import type { PlatformEvents } from '@lianyun/platform';
import { compileModel, readTencentTemplate } from '@lianyun/protocol';
import type { CloudMessage, Device, JsonObject } from 'lianyun';
import { expect } from 'vitest';
import { HUAWEI, SEED, TENCENT, type AnyDevice, type Cloud } from './clouds.ts';
import { Log } from './log.ts';
import { Rig, type ApiAnswer, type RigOptions } from './rig.ts';

/** Over what, and with which MQTT. */
export type How = Pick<RigOptions, 'over' | 'mqttVersion' | 'authority'>;

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const TARGET = { ProductId: 'LAMP000001', DeviceName: 'lamp1' };
const BYTES = Buffer.from([0, 255, 1, 254]);
const TEMPLATE = compileModel(readTencentTemplate(SEED.tencent.products[0].template));

export function eventsOf(rig: Rig): Log<PlatformEvents['event'][0]> {
  const log = new Log<PlatformEvents['event'][0]>();
  rig.platform.on('event', log.add);
  return log;
}

/** What a lamp heard of its cloud. */
export function heardBy(device: { readonly messages: Pick<Device['messages'], 'onMessage'> }): Log<CloudMessage> {
  const log = new Log<CloudMessage>();
  device.messages.onMessage(log.add);
  return log;
}

export const post = (rig: Rig, body: object) => rig.huawei('POST', '/devices/lamp_1/messages', body);

export const show = (rig: Rig, id: string) => rig.huawei('GET', `/devices/lamp_1/messages/${id}`);

export const desire = (rig: Rig, values: JsonObject, { version, device = 'lamp_1' }: { readonly version?: number; readonly device?: string } = {}): Promise<ApiAnswer> =>
  rig.huawei('PUT', `/devices/${device}/shadow`, { shadow: [{ service_id: 'light', desired: values, ...(version === undefined ? {} : { version }) }] });

/** What a device is asked to set; it reports what `applies` makes of it before it answers. */
export function setsOf(device: AnyDevice, applies: (values: JsonObject) => JsonObject | undefined): Log<JsonObject> {
  const sets = new Log<JsonObject>();
  device.properties.onSet(async ({ groups }) => {
    const [{ values } = { values: {} }] = groups;
    const reported = applies(values);
    if (reported !== undefined) await device.properties.report(HUAWEI.group(reported)).delivered;
    sets.add(values);
  });
  return sets;
}

export const report = (device: AnyDevice, values: JsonObject) => device.properties.report(HUAWEI.group(values)).delivered;

/** Resolves behind everything that the platform sent to the device before. */
export const settled = async (device: AnyDevice): Promise<void> => void (await device.shadow.get());

export const desired = (rig: Rig) => rig.platform.twins.read('tencent', 'LAMP000001/lamp1')[0]?.desired?.values;

/** Resolves when the platform has answered clear_control. */
function cleared(rig: Rig): Promise<void> {
  return new Promise((resolve) => {
    rig.platform.on('frame', ({ payload }) => {
      if (payload.includes('clear_control_reply')) resolve();
    });
  });
}

export async function huaweiIsSet(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const device = await rig.online(HUAWEI, 1);
  const sets: unknown[] = [];
  device.properties.onSet(async ({ groups }) => {
    sets.push(groups);
    await device.properties.report(groups).delivered;
    return { code: 0, text: 'done' };
  });
  expect(await rig.set(HUAWEI, 1, { level: 70 })).toMatchObject({ status: 200, body: { request_id: expect.any(String), response: { result_code: 0, result_desc: 'done' } } });
  expect(sets).toEqual([[{ service: 'light', values: { level: 70 } }]]);
  expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 70 });
  // What the model does not allow never reaches the device.
  expect(await rig.set(HUAWEI, 1, { level: 700 })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining('level') } });
  expect(sets).toHaveLength(1);
}

export async function tencentIsControlled(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const device = await rig.online(TENCENT, 1);
  const { promise: reported, resolve } = Promise.withResolvers<void>();
  device.properties.onSet(async ({ groups }) => {
    await device.properties.report(groups).delivered;
    resolve();
  });
  const answer = await rig.set(TENCENT, 1, { level: 70 });
  expect(JSON.parse((answer.body as any).Result as string)).toEqual({ Sent: 1, pushResult: 0 });
  await reported;
  expect(await rig.reported(TENCENT, 1)).toEqual({ level: 70 });
}

export async function reportsAndIsCalled(how: How, cloud: Cloud): Promise<void> {
  await using rig = await Rig.open(how);
  const lamp = await rig.online(cloud, 1);
  lamp.commands.handle('blink', ({ args }) => ({ blinked: args['times'] ?? 0 }));
  await lamp.properties.report(cloud.group({ level: 7 })).delivered;
  expect(await rig.reported(cloud, 1)).toEqual({ level: 7 });
  expect(await rig.blink(cloud, 1, 2)).toMatchObject({ status: 200 });
  // A message that takes many records each way.
  const label = 'x'.repeat(60);
  for (let at = 0; at < 200; at++) lamp.properties.report(cloud.group({ label: label + String(at) }));
  await lamp.properties.report(cloud.group({ label })).delivered;
  expect(await rig.reported(cloud, 1)).toEqual({ level: 7, label });
  expect([rig.notices.all, rig.told(lamp).problems.all]).toEqual([[], []]);
}

export async function huaweiTellsOfEvents(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const told = eventsOf(rig);
  const frames: string[] = [];
  rig.platform.on('frame', ({ direction, topic }) => frames.push(`${direction} ${topic}`));
  const device = await rig.online(HUAWEI, 1);
  const receipt = device.events.post([
    { service: 'light', name: 'burnt', params: { hours: 900 }, at: AT, id: 'e-1' },
    { service: 'light', name: 'anything', params: {} },
  ]);
  await receipt.delivered;
  expect(told.all).toMatchObject([
    { cloud: 'huawei', device: 'lamp_1', event: { service: 'light', name: 'burnt', params: { hours: 900 }, at: AT, id: 'e-1' } },
    { event: { name: 'anything', at: expect.any(Number) } },
  ]);
  expect(rig.platform.events.list('huawei', 'lamp_1', { from: AT, to: AT, limit: 5 })).toMatchObject({ total: 1, isLast: true, items: [{ name: 'burnt' }] });
  expect(frames).toEqual(['up $oc/devices/lamp_1/sys/events/up', 'up $oc/devices/lamp_1/sys/events/up']);
  expect(rig.problems.all).toEqual([]);
}

export async function tencentTellsOfEvents(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const answers: unknown[] = [];
  rig.platform.on('frame', ({ direction, payload }) => direction === 'down' && payload.includes('_reply') && answers.push(JSON.parse(payload)));
  const device = await rig.online(TENCENT, 1, { model: TEMPLATE });
  const now = rig.clock.now();
  // The model says the severity.
  await device.events.post({ name: 'burnt', params: { hours: 1 }, at: now - 3000 }).delivered;
  await device.events.post([2, 3].map((hours) => ({ name: 'burnt', params: { hours }, at: now - 3000 + hours * 100, severity: 'fault' as const }))).delivered;
  expect(answers).toMatchObject([{ method: 'event_reply', code: 0, status: '' }, { method: 'events_reply', code: 0, status: '' }]);

  const first = await rig.tencent('ListEventHistory', { ...TARGET, Size: 2, EventId: 'burnt', Type: 'fault' });
  expect(first.body).toMatchObject({
    Total: 3,
    Listover: false,
    Context: expect.stringMatching(/./),
    EventHistory: [
      { TimeStamp: now - 2700, ProductId: 'LAMP000001', DeviceName: 'lamp1', EventId: 'burnt', Type: 'fault', Data: '{"hours":3}' },
      { Data: '{"hours":2}' },
    ],
  });
  const { Context } = first.body as { readonly Context: string };
  expect((await rig.tencent('ListEventHistory', { ...TARGET, Size: 2, Context })).body).toMatchObject({ Total: 3, Listover: true, Context: '', EventHistory: [{ Data: '{"hours":1}' }] });
  expect((await rig.tencent('ListEventHistory', { ...TARGET, Type: 'info' })).body).toMatchObject({ Total: 0, Listover: true, EventHistory: [] });
  expect((await rig.tencent('ListEventHistory', { ...TARGET, StartTime: 20, EndTime: 10 })).body).toMatchObject({ Error: { Code: 'InvalidParameterValue.StartTimeLaterEndTime' } });
  for (const wrong of [{ Size: 0 }, { Type: 'fatal' }, { Context: 'elsewhere' }]) {
    expect((await rig.tencent('ListEventHistory', { ...TARGET, ...wrong })).body).toMatchObject({ Error: { Code: 'InvalidParameterValue' } });
  }
}

export async function huaweiSendsMessages(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const told = new Log<PlatformEvents['message'][0]>();
  rig.platform.on('message', told.add);
  const device = rig.device(HUAWEI, 1) as Device;
  await device.connect();
  await device.messages.send({ content: { text: '你好' }, name: 'greet', messageId: 'm-1' }).delivered;
  const mine = Buffer.from(BYTES);
  const receipt = device.messages.send({ bytes: mine });
  mine.fill(7); // the SDK took a copy
  await receipt.delivered;
  expect(told.all).toEqual([
    { cloud: 'huawei', device: 'lamp_1', message: { content: { text: '你好' }, name: 'greet', messageId: 'm-1' } },
    { cloud: 'huawei', device: 'lamp_1', message: { bytes: expect.any(Uint8Array) } },
  ]);
  expect(Buffer.from((told.all[1]?.message as any).bytes)).toEqual(BYTES);
  expect(rig.platform.mailbox.received('huawei', 'lamp_1')).toMatchObject([{ message: { messageId: 'm-1' }, at: expect.any(Number) }, {}]);
  for (const wrong of [undefined, 'text', {}, { bytes: 'text' }, { bytes: BYTES, content: 1 }]) {
    await expect(device.messages.send(wrong as any).delivered).rejects.toMatchObject({ code: 'bad-input' });
  }
}

export async function huaweiGetsMessages(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const device = rig.device(HUAWEI, 1);
  const heard = heardBy(device);
  await device.connect();
  const answer = await post(rig, { message: { text: 'hi' }, name: 'greet', message_id: 'm-1' });
  expect(answer).toEqual({ status: 201, body: { message_id: 'm-1', result: { status: 'DELIVERED', created_time: expect.stringMatching(/^\d{8}T\d{6}Z$/), finished_time: expect.stringMatching(/^\d{8}T\d{6}Z$/) } } });
  await post(rig, { message: 'plain text', payload_format: 'raw' });
  await post(rig, { message: BYTES.toString('base64'), payload_format: 'raw', encoding: 'base64' });
  const [one, two, three] = await heard.take(3);
  expect(one).toEqual({ device: 'lamp_1', content: { text: 'hi' }, name: 'greet', messageId: 'm-1' });
  expect(Buffer.from((two as any).bytes).toString()).toBe('plain text');
  expect(Buffer.from((three as any).bytes)).toEqual(BYTES);

  expect(await show(rig, 'm-1')).toMatchObject({ status: 200, body: { message_id: 'm-1', name: 'greet', message: { text: 'hi' }, encoding: 'none', payload_format: 'standard', status: 'DELIVERED' } });
  expect(await rig.huawei('GET', '/devices/lamp_1/messages')).toMatchObject({ status: 200, body: { device_id: 'lamp_1', messages: [{ message_id: 'm-1' }, { payload_format: 'raw' }, { encoding: 'base64' }] } });
  expect(await show(rig, 'm-2')).toMatchObject({ status: 404 });
  expect(await post(rig, { message: 'again', message_id: 'm-1' })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006' } });
}

export async function tencentSendsAndGetsBytes(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const told = new Log<PlatformEvents['message'][0]>();
  rig.platform.on('message', told.add);
  const device = await rig.online(TENCENT, 1);
  const raw = { ...TARGET, Topic: '$thing/down/raw/LAMP000001/lamp1', Payload: BYTES.toString('base64'), PayloadEncoding: 'base64' };
  expect((await rig.tencent('PublishMessage', raw)).body).toMatchObject({ Error: { Code: 'FailedOperation.DeviceNoSubscription' } });
  const heard = heardBy(device);
  await device.messages.send({ bytes: BYTES }).delivered;
  expect(await told.first()).toMatchObject({ cloud: 'tencent', device: 'LAMP000001/lamp1' });
  // The subscription went before the message, on the same connection.
  expect((await rig.tencent('PublishMessage', raw)).body).toEqual({ RequestId: expect.any(String) });
  const message = await heard.first();
  expect(Buffer.from((message as any).bytes)).toEqual(BYTES);
  expect(message.device).toBe('LAMP000001/lamp1');
}

export async function huaweiWishesWait(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  expect(await desire(rig, { level: 70, label: 'kitchen' })).toMatchObject({
    status: 200,
    body: { device_id: 'lamp_1', shadow: [{ service_id: 'light', desired: { properties: { level: 70, label: 'kitchen' }, event_time: expect.stringMatching(/^\d{8}T\d{6}Z$/) }, reported: { properties: {} }, version: 1 }] },
  });
  const device = rig.device(HUAWEI, 1);
  const sets = setsOf(device, (values) => values);
  await device.connect();
  expect(await sets.first()).toEqual({ level: 70, label: 'kitchen' });
  await report(device, { level: 70 });
  await device.close();
  const again = rig.device(HUAWEI, 1);
  const later = setsOf(again, (values) => values);
  await again.connect();
  await settled(again);
  expect(later.all).toEqual([]);
  expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 70, label: 'kitchen' });
}

export async function tencentControlWaits(how: How): Promise<void> {
  await using rig = await Rig.open(how);
  const answer = await rig.set(TENCENT, 1, { level: 70 });
  expect(JSON.parse((answer.body as any).Result as string)).toMatchObject({ Sent: 0 });
  await rig.set(TENCENT, 1, { label: 'kitchen' });
  expect(desired(rig)).toEqual({ level: 70, label: 'kitchen' });

  const device = rig.device(TENCENT, 1);
  const sets: unknown[] = [];
  device.properties.onSet(async ({ groups }) => {
    sets.push(groups);
    await device.properties.report(groups).delivered;
  });
  const done = cleared(rig);
  await device.connect();
  await done;
  expect(sets).toEqual([[{ values: { level: 70, label: 'kitchen' } }]]);
  expect(desired(rig)).toBeUndefined();
  expect(await rig.reported(TENCENT, 1)).toEqual({ level: 70, label: 'kitchen' });

  // Nothing waits any more: the next connection applies nothing.
  await device.close();
  const again = rig.device(TENCENT, 1);
  again.properties.onSet(({ groups }) => void sets.push(groups));
  await again.connect();
  await again.properties.report({ values: { level: 71 } }).delivered;
  expect(sets).toHaveLength(1);
}
