import type { Device, huawei, tencent } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { gatewaySeed, onlineGateway, TENCENT_GATEWAY } from './support/gateways.ts';
import { Log } from './support/log.ts';
import { Rig, type ApiAnswer } from './support/rig.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('A broadcast on Huawei', () => {
  const broadcast = (rig: Rig, body: object): Promise<ApiAnswer> => rig.huawei('POST', '/broadcast-messages', body);

  it('reaches everybody who has subscribed its topic, once, and nobody else', async () => {
    await using rig = await Rig.open();
    const heard = new Log<string>();
    const devices = [await rig.online(HUAWEI, 1), await rig.online(HUAWEI, 2)];
    for (const [index, device] of devices.entries()) {
      device.topics.subscribe('$oc/broadcast/news', ({ topic, payload }) => heard.add(`${index} ${topic} ${payload.toString()}`));
      await device.properties.report(HUAWEI.group({ level: 1 })).delivered;
    }
    devices[1]?.topics.subscribe('town/+', ({ topic, payload }) => heard.add(`1 ${topic} ${payload.toString()}`));
    // The foreign client is the first device from here on; that one would take the connection back.
    await devices[0]?.close();
    const client = await rig.foreignAs(HUAWEI.credentials(1));
    const told = new Log<string>();
    // Two filters that match, and one that does not.
    await client.subscribeAsync(['$oc/broadcast/#', '$oc/broadcast/+', '$oc/broadcast/sports']);
    client.on('message', (topic) => told.add(topic));
    await devices[1]?.properties.report(HUAWEI.group({ level: 1 })).delivered;

    const answer = await broadcast(rig, { app_id: 'a1', topic_full_name: '$oc/broadcast/news', message: base64('hello'), message_id: 'b-1', ttl: 5 });
    expect(answer).toEqual({ status: 201, body: { app_id: 'a1', topic_full_name: '$oc/broadcast/news', message_id: 'b-1', created_time: expect.stringMatching(/^\d{8}T\d{6}Z$/) } });
    expect(await broadcast(rig, { topic_full_name: 'town/square', message: base64('market') })).toMatchObject({ status: 201, body: { app_id: 'default', message_id: expect.any(String) } });
    expect(await heard.take(2)).toEqual(['1 $oc/broadcast/news hello', '1 town/square market']);
    expect(await told.first()).toBe('$oc/broadcast/news');
    await client.publishAsync('$oc/devices/lamp_1/sys/properties/report', HUAWEI.reportText({ level: 2 }), { qos: 1 });
    expect([told.all, heard.all.length]).toEqual([['$oc/broadcast/news'], 2]);
  });

  it.each([
    ['a topic of a device', { topic_full_name: '$oc/devices/lamp_1/user/x' }, 'topic_full_name'],
    ['a filter', { topic_full_name: '$oc/broadcast/+' }, 'topic_full_name'],
    ['no topic', { topic_full_name: undefined }, 'topic_full_name'],
    ['what is no base64', { message: 'hello!' }, 'message'],
    ['too much', { message: 'AAAA'.repeat(90_000) }, 'message'],
  ])('is refused with %s', async (_what, body, named) => {
    await using rig = await Rig.open();
    expect(await broadcast(rig, { topic_full_name: '$oc/broadcast/news', message: base64('x'), ...body })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining(named) } });
  });

  it('is not for devices to send', async () => {
    await using rig = await Rig.open();
    const device = (await rig.online(HUAWEI, 1)) as Device<typeof huawei>;
    await expect(device.topics.publish('$oc/broadcast/news', 'mine').delivered).rejects.toMatchObject({ code: 'not-permitted' });
    // @ts-expect-error: on Huawei it comes on a topic that devices share
    expect(() => device.messages.onBroadcast(() => undefined)).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});

describe('A broadcast on Tencent', () => {
  const broadcast = (rig: Rig, body: object): Promise<ApiAnswer> => rig.tencent('PublishBroadcastMessage', { ProductId: 'LAMP000001', Payload: 'off', Qos: 1, ...body });

  it('reaches every device of the product that has subscribed, on its own connection or its gateway’s', async () => {
    await using rig = await Rig.open({ seed: JSON.stringify({ ...JSON.parse(gatewaySeed(2)), ...withLamps(gatewaySeed(2)) }) });
    const heard = new Log<string>();
    const hear = (device: Pick<Device<typeof tencent>, 'messages'>): unknown => device.messages.onBroadcast((message) => heard.add(`${message.device} ${'bytes' in message ? Buffer.from(message.bytes).toString() : ''}`));
    const lamp = (await rig.online(TENCENT, 1)) as Device<typeof tencent>;
    const deaf = await rig.online(TENCENT, 2);
    const gateway = (await onlineGateway(rig, TENCENT_GATEWAY, 2)) as Device<typeof tencent>;
    for (const each of [lamp, gateway, gateway.gateway.child(TENCENT_GATEWAY.lamp(0))]) hear(each);
    for (const each of [lamp, deaf, gateway]) await each.info.report({ firmware: '1' }).delivered;
    expect((await broadcast(rig, {})).body).toMatchObject({ TaskId: expect.any(Number) });
    expect((await heard.take(2)).toSorted()).toEqual(['LAMP000001/lamp1 off', `${TENCENT_GATEWAY.lamp(0)} off`]);
    const second = (await broadcast(rig, { Payload: base64('\u0000on'), PayloadEncoding: 'base64', Qos: 0 })).body as { readonly TaskId: number };
    expect((await heard.take(4)).slice(2).toSorted()).toEqual(['LAMP000001/lamp1 \u0000on', `${TENCENT_GATEWAY.lamp(0)} \u0000on`]);
    expect(Number.isSafeInteger(second.TaskId)).toBe(true);
    // Another product's is the gateway's alone.
    await broadcast(rig, { ProductId: 'GATE000001', Payload: 'gate' });
    expect((await heard.take(5)).at(-1)).toBe('GATE000001/gate1 gate');
  });

  it.each([
    [{ ProductId: 'NOSUCHPROD' }, 'ResourceNotFound.StudioProductNotExist'],
    [{ Qos: 2 }, 'InvalidParameterValue'],
    [{ PayloadEncoding: 'hex' }, 'InvalidParameterValue'],
    [{ Payload: 'x'.repeat(65_537) }, 'InvalidParameterValue.PayloadOverLimit'],
  ])('with %j is refused', async (body, code) => {
    await using rig = await Rig.open();
    expect((await broadcast(rig, body)).body).toMatchObject({ Error: { Code: code } });
  });

  it('waits for the one before to the same product', async () => {
    const many = Array.from({ length: 700 }, (_, lamp) => `crowd${lamp}`);
    await using rig = await Rig.open({ seed: gatewaySeed(0) });
    for (const nodeId of many) rig.platform.registry.createDevice({ cloud: 'tencent', productId: 'LAMP000001', nodeId, gateway: 'GATE000001/gate1' });
    const gateway = rig.own(TENCENT_GATEWAY.gateway(rig.server));
    await gateway.connect();
    const [first, second] = await Promise.all([broadcast(rig, {}), broadcast(rig, {})]);
    // They run in the order in which they came, and one of both meets the other only if it is quick enough: never is more than one refused.
    const codes = [first, second].map(({ body }) => (body as { Error?: { Code: string } }).Error?.Code);
    expect(codes.filter((code) => code !== undefined && code !== 'FailedOperation.BroadcastTaskIsRunning')).toEqual([]);
    expect(codes).toContain(undefined);
  });
});

/** The seed of gateways with the lamps that have connections of their own. */
function withLamps(seed: string): object {
  const parsed = JSON.parse(seed) as { readonly tencent: { readonly devices: readonly object[] } };
  return { tencent: { ...parsed.tencent, devices: [...parsed.tencent.devices, ...SEED.tencent.devices] } };
}
