import type { IClientOptions } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { tencentCredentials } from './support/credentials.ts';
import { CLOUDS, HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const VERSIONS: readonly { readonly name: string; readonly options: IClientOptions }[] = [
  { name: '3.1', options: { protocolId: 'MQIsdp', protocolVersion: 3 } },
  { name: '3.1.1', options: {} },
  { name: '5', options: { protocolVersion: 5 } },
];

describe.each(CLOUDS)('MQTT.js as a device of $name', (cloud) => {
  it.each(VERSIONS)('signs in with MQTT $name, reports, and answers a command', async ({ options }) => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1, options);
    if (cloud.name === 'tencent') await client.subscribeAsync(['$thing/down/property/LAMP000001/lamp1', '$thing/down/action/LAMP000001/lamp1']);
    const acknowledged = cloud.name === 'tencent' ? happens(client, 'message') : undefined;
    await client.publishAsync(cloud.topics.report(1), cloud.reportText({ level: 3 }), { qos: 1 });
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
    if (acknowledged !== undefined) {
      const [topic, payload] = (await acknowledged) as [string, Buffer];
      expect([topic, JSON.parse(payload.toString())]).toEqual(['$thing/down/property/LAMP000001/lamp1', { method: 'report_reply', clientToken: 't-1', code: 0, status: 'success' }]);
    }

    const command = happens(client, 'message');
    const call = rig.blink(cloud, 1, 3);
    const [topic, payload] = (await command) as [string, Buffer];
    const body = JSON.parse(payload.toString()) as { clientToken: string };
    if (cloud.name === 'huawei') {
      expect(body).toEqual({ object_device_id: 'lamp_1', service_id: 'light', command_name: 'blink', paras: { times: 3 } });
      const [, id = ''] = topic.split('request_id=');
      client.publish(`$oc/devices/lamp_1/sys/commands/response/request_id=${id}`, '{"result_code":0,"response_name":"blink_rsp","paras":{"blinked":3}}', { qos: 1 });
      expect(await call).toMatchObject({ status: 200, body: { command_id: id, response: { result_code: 0, response_name: 'blink_rsp', paras: { blinked: 3 } } } });
    } else {
      expect(body).toEqual({ method: 'action', clientToken: expect.any(String), actionId: 'blink', timestamp: expect.any(Number), params: { times: 3 } });
      client.publish('$thing/up/action/LAMP000001/lamp1', JSON.stringify({ method: 'action_reply', clientToken: body.clientToken, code: 0, status: 'done', response: { blinked: 3 } }));
      expect(await call).toMatchObject({ status: 200, body: { ClientToken: body.clientToken, OutputParams: '{"blinked":3}', Status: 'done' } });
    }
    expect(rig.problems.all).toEqual([]);
  });
});

describe('MQTT.js', () => {
  it('answers a set and a query of Huawei', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(HUAWEI, 1);
    const set = happens(client, 'message');
    const setting = rig.set(HUAWEI, 1, { level: 8 });
    const [setTopic, wish] = (await set) as [string, Buffer];
    expect(JSON.parse(wish.toString())).toEqual({ object_device_id: 'lamp_1', services: [{ service_id: 'light', properties: { level: 8 } }] });
    client.publish(setTopic.replace('/set/', '/set/response/'), '{"result_code":0,"result_desc":"success"}');
    expect(await setting).toMatchObject({ status: 200, body: { response: { result_code: 0, result_desc: 'success' } } });

    const get = happens(client, 'message');
    const asking = rig.huawei('GET', '/devices/lamp_1/properties?service_id=light');
    const [getTopic, question] = (await get) as [string, Buffer];
    expect(JSON.parse(question.toString())).toEqual({ object_device_id: 'lamp_1', service_id: 'light' });
    client.publish(getTopic.replace('/get/', '/get/response/'), HUAWEI.reportText({ level: 9 }));
    expect(await asking).toMatchObject({ status: 200, body: { response: { services: [{ service_id: 'light', properties: { level: 9 } }] } } });
  });

  it('takes a Tencent control, and an answer without method is known for what it is, as Python devices send it', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(TENCENT, 1);
    await client.subscribeAsync('$thing/down/property/LAMP000001/lamp1');
    const control = happens(client, 'message');
    await rig.set(TENCENT, 1, { level: 8 });
    const [, payload] = (await control) as [string, Buffer];
    const { clientToken, ...body } = JSON.parse(payload.toString()) as { clientToken: string };
    expect(body).toEqual({ method: 'control', params: { level: 8 } });
    await client.publishAsync('$thing/up/property/LAMP000001/lamp1', JSON.stringify({ code: 0, clientToken, status: 'ok' }), { qos: 1 });
    expect(rig.problems.all).toEqual([]);
  });

  it.each([
    ['hmacsha1 with an expiry of LONG_MAX, as the C SDK', { algorithm: 'sha1', expiry: '9223372036854775807' }],
    ['hmacsha1 with milliseconds, as the Python SDK', { algorithm: 'sha1', expiry: Date.now() }],
    ['hmacsha256 with ten minutes, as the Java SDK', { algorithm: 'sha256' }],
  ] as const)('signs in to Tencent by %s', async (_how, options) => {
    await using rig = await Rig.open();
    const [{ ProductId, DeviceName, DevicePsk }] = SEED.tencent.devices;
    const client = await rig.foreign(TENCENT, 1, tencentCredentials(ProductId, DeviceName, { psk: DevicePsk, ...options }));
    expect(client.connected).toBe(true);
  });
});
