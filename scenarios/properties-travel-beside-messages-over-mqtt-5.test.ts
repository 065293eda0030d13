import { describe, expect, it } from 'vitest';
import type { CloudMessage } from 'lianyun';
import { CLOUDS, HUAWEI } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const GIVEN = { correlation_data: 'c-1', response_topic: 'answers', user_properties: [{ prop_key: 'a', prop_value: '1' }, { prop_key: 'a', prop_value: '2' }] };

describe('Properties of a Huawei message', () => {
  it.each(['mqtt', 'mqtts', 'ws', 'wss'] as const)('reach a device of MQTT 5 over %s, at once and after they waited', async (over) => {
    await using rig = await Rig.open({ over });
    const post = (message_id: string): Promise<unknown> => rig.huawei('POST', '/devices/lamp_1/messages', { message_id, message: 'hello', properties: GIVEN });
    await post('waits');
    const lamp = rig.device(HUAWEI, 1, { mqttVersion: 5 });
    const heard: CloudMessage[] = [];
    lamp.messages.onMessage((message) => void heard.push(message));
    await lamp.connect();
    await post('now');
    await expect.poll(() => heard.length).toBe(2);
    for (const { properties } of heard) expect(properties).toEqual({ correlationData: Buffer.from('c-1'), responseTopic: 'answers', userProperties: [['a', '1'], ['a', '2']] });
    // As they were given.
    expect(await rig.huawei('GET', '/devices/lamp_1/messages/now')).toMatchObject({ body: { properties: GIVEN, status: 'DELIVERED' } });
  });

  it('are left out for a device of MQTT 3.1.1, which gets the message', async () => {
    await using rig = await Rig.open();
    const lamp = await rig.online(HUAWEI, 1);
    const heard = new Promise<CloudMessage>((resolve) => lamp.messages.onMessage(resolve));
    await rig.huawei('POST', '/devices/lamp_1/messages', { message: 'hello', properties: GIVEN });
    expect(await heard).not.toHaveProperty('properties');
  });

  it.each([
    [{ user_properties: Array.from({ length: 21 }, () => ({ prop_key: 'a', prop_value: 'b' })) }, 'at most 20'],
    [{ user_properties: [{ prop_key: 'a'.repeat(129), prop_value: 'b' }] }, '128'],
    [{ response_topic: 'a/#' }, 'without + and #'],
  ])('are refused beyond what is documented: %j', async (properties, words) => {
    await using rig = await Rig.open();
    const answer = await rig.huawei('POST', '/devices/lamp_1/messages', { message: 'hello', properties });
    expect(answer).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining(words) } });
  });

  it('go up as well, and the platform tells them', async () => {
    await using rig = await Rig.open();
    const told = new Promise((resolve) => rig.platform.once('message', resolve));
    const lamp = await rig.online(HUAWEI, 1, { mqttVersion: 5 });
    await lamp.messages.send({ bytes: Buffer.from('x') }, { properties: { userProperties: [['b', '3']], contentType: 'text/plain' } }).delivered;
    expect(await told).toMatchObject({ device: 'lamp_1', properties: { userProperties: [['b', '3']], contentType: 'text/plain' } });
  });
});

describe.each(CLOUDS)('A device of MQTT 5 on $name', (cloud) => {
  it('works as over 3.1.1, and hears why it is disconnected', async () => {
    await using rig = await Rig.open();
    const lamp = await rig.online(cloud, 1, { mqttVersion: 5, maxBackoffMs: 3_600_000 });
    lamp.commands.handle('blink', ({ args }) => ({ blinked: args['times'] ?? 0 }));
    for (const level of [1, 2, 3]) await lamp.properties.report(cloud.group({ level })).delivered;
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
    expect(await rig.blink(cloud, 1, 2)).toMatchObject({ status: 200 });
    expect(rig.platform.access.client(cloud.name, cloud.ref(1))).toMatchObject({ version: 5 });
    const other = rig.own(cloud.device(1, rig.server, { mqttVersion: 5 }));
    await other.connect();
    expect(await rig.told(lamp).offline.first(() => true)).toMatchObject({ reason: 'kicked', error: { place: { number: 0x8e } } });
    expect(rig.problems.all).toEqual([]);
  });

  it('is told in words why its sign-in is refused', async () => {
    await using rig = await Rig.open();
    const impostor = rig.own(cloud.impostor(1, rig.server, { mqttVersion: 5 }));
    await expect(impostor.connect()).rejects.toMatchObject({ code: 'bad-credentials', message: expect.stringMatching(/0x86 bad user name or password.*the password of .* is wrong/), place: { number: 0x86 } });
  });
});
