import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { HUAWEI, SEED } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const REPORT = HUAWEI.topics.report(1);
const MESSAGES = '$oc/devices/lamp_1/sys/messages/up';

describe('A Huawei device that packs what it sends', () => {
  it('has its gzip report decoded, seen in the trace, and acknowledged when it is kept', async () => {
    await using rig = await Rig.open();
    const frames: unknown[] = [];
    rig.platform.on('frame', ({ direction, topic, payload, messages, problems, isCustom }) => direction === 'up' && frames.push({ topic, payload, ops: messages.map(({ op }) => op), problems, isCustom }));
    const client = await rig.foreign(HUAWEI, 1);
    await client.publishAsync(`${REPORT}?encoding=gzip`, gzipSync(HUAWEI.reportText({ level: 42 })), { qos: 1 });
    expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 42 });
    expect(frames).toEqual([{ topic: `${REPORT}?encoding=gzip`, payload: HUAWEI.reportText({ level: 42 }), ops: ['property.report'], problems: [], isCustom: false }]);
    expect(rig.problems.all).toEqual([]);
  });

  it('is ours as well: what is large enough travels packed', async () => {
    await using rig = await Rig.open();
    const topics: string[] = [];
    rig.platform.on('frame', ({ direction, topic }) => void (direction === 'up' ? topics.push(topic) : undefined));
    const lamp = await rig.online(HUAWEI, 1, { gzipFromBytes: 100 });
    const label = 'a label that is long enough, and long enough again'.padEnd(64, '!');
    await lamp.properties.report(HUAWEI.group({ level: 7 })).delivered;
    await lamp.properties.report(HUAWEI.group({ level: 8, label })).delivered;
    expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 8, label });
    expect(topics).toEqual([REPORT, `${REPORT}?encoding=gzip`]);
  });

  it('has its messages unpacked, and what a gateway reports for its lamps', async () => {
    await using rig = await Rig.open();
    expect(await rig.huawei('POST', '/devices', { node_id: 'sub', product_id: 'lamp', gateway_id: 'lamp_1' })).toMatchObject({ status: 201 });
    const messages: unknown[] = [];
    rig.platform.on('message', ({ message }) => messages.push(message));
    const client = await rig.foreign(HUAWEI, 1);
    await client.publishAsync(`${MESSAGES}?encoding=gzip&request_id=7`, gzipSync('{"name":"n","content":"hello"}'), { qos: 1 });
    expect(messages).toEqual([{ name: 'n', content: 'hello' }]);
    await client.publishAsync('$oc/devices/lamp_1/sys/gateway/sub_devices/properties/report?encoding=gzip', gzipSync(JSON.stringify({ devices: [{ device_id: 'lamp_sub', services: [{ service_id: 'light', properties: { level: 3 } }] }] })), { qos: 1 });
    expect(await rig.huawei('GET', '/devices/lamp_sub/shadow')).toMatchObject({ body: { shadow: [{ reported: { properties: { level: 3 } } }] } });
  });

  it.each([
    { what: 'no gzip', suffix: '?encoding=gzip', payload: Buffer.from(HUAWEI.reportText({ level: 1 })), says: /cannot be unpacked/ },
    { what: 'gzip that is cut off', suffix: '?encoding=gzip', payload: gzipSync(HUAWEI.reportText({ level: 1 })).subarray(0, 20), says: /cannot be unpacked/ },
    { what: 'gzip of more than there is room for', suffix: '?encoding=gzip', payload: gzipSync(Buffer.alloc(5 * 1024 * 1024)), says: /more than 4194304 bytes/ },
    { what: 'packed in a way that nobody knows', suffix: '?encoding=zstd', payload: Buffer.from('x'), says: /"zstd".*gzip/ },
  ])('is told to the platform when it is $what, and the connection lives on', async ({ suffix, payload, says }) => {
    await using rig = await Rig.open();
    const client = await rig.foreign(HUAWEI, 1);
    await client.publishAsync(`${REPORT}${suffix}`, payload, { qos: 1 });
    expect(rig.problems.all).toMatchObject([{ code: 'bad-frame', message: expect.stringMatching(says), place: { device: 'lamp_1' } }]);
    await client.publishAsync(REPORT, HUAWEI.reportText({ level: 2 }), { qos: 1 });
    expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 2 });
  });

  it('may not reach another device that way, and a question mark elsewhere is a character as any', async () => {
    await using rig = await Rig.open();
    const [client, other] = [await rig.foreign(HUAWEI, 1), await rig.foreign(HUAWEI, 2)];
    await client.publishAsync(`${HUAWEI.topics.report(2)}?encoding=gzip`, gzipSync(HUAWEI.reportText({ level: 9 })), { qos: 1 });
    expect(await rig.reported(HUAWEI, 2)).toEqual({});
    expect(rig.notices.all).toMatchObject([{ kind: 'forbidden-publish' }]);

    const heard = happens(other, 'message');
    await other.subscribeAsync('free/#');
    await client.publishAsync('free/a?encoding=gzip', 'as it is', { qos: 1 });
    expect(await heard).toMatchObject(['free/a?encoding=gzip', Buffer.from('as it is'), expect.anything()]);
    const answer = happens(client, 'message');
    await client.publishAsync('$oc/devices/lamp_1/sys/shadow/get/request_id=a?b=c', '{}', { qos: 1 });
    expect(await answer).toMatchObject(['$oc/devices/lamp_1/sys/shadow/get/response/request_id=a?b=c', expect.anything(), expect.anything()]);
  });
});

describe('A Huawei gateway that asks for the shadow of a lamp', () => {
  const seed = JSON.stringify({ ...SEED, huawei: { ...SEED.huawei, devices: [...SEED.huawei.devices, { device_id: 'lamp_sub', product_id: 'lamp', node_id: 'sub', secret: 'secret-of-sub', gateway_id: 'lamp_1' }] } });

  it.each([
    { form: 'in the body, on its own topic', topic: '$oc/devices/lamp_1/sys/shadow/get/request_id=9', body: { object_device_id: 'lamp_sub', service_id: 'light' } },
    { form: "in the topic, as the vendor's Python SDK has it", topic: '$oc/devices/lamp_sub/sys/shadow/get/request_id=9', body: { service_id: 'light' } },
  ])('gets it when the lamp is named $form', async ({ topic, body }) => {
    await using rig = await Rig.open({ seed });
    const gateway = await rig.foreign(HUAWEI, 1);
    await gateway.publishAsync('$oc/devices/lamp_1/sys/gateway/sub_devices/properties/report', JSON.stringify({ devices: [{ device_id: 'lamp_sub', services: [{ service_id: 'light', properties: { level: 5 } }] }] }), { qos: 1 });
    const answer = happens(gateway, 'message');
    await gateway.publishAsync(topic, JSON.stringify(body), { qos: 1 });
    const [where, payload] = (await answer) as [string, Buffer];
    expect(where).toBe('$oc/devices/lamp_1/sys/shadow/get/response/request_id=9');
    expect(JSON.parse(payload.toString())).toMatchObject({ object_device_id: 'lamp_sub', shadow: [{ service_id: 'light', reported: { properties: { level: 5 } } }] });
    expect(rig.problems.all).toEqual([]);
  });

  it('gets nothing of a device that is not its own', async () => {
    await using rig = await Rig.open({ seed });
    const stranger = await rig.foreign(HUAWEI, 2);
    await stranger.publishAsync('$oc/devices/lamp_sub/sys/shadow/get/request_id=9', '{}', { qos: 1 });
    expect(rig.notices.all).toMatchObject([{ kind: 'forbidden-publish' }]);
  });
});
