import { describe, expect, it } from 'vitest';
import { CLOUDS, HUAWEI, TENCENT } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

describe('Two Huawei devices', () => {
  it.each([
    ['factory/+/temperature', ['factory/hall1/temperature', 'factory/hall2/temperature']],
    ['factory/#', ['factory', 'factory/hall1', 'factory/hall1/temperature']],
    ['factory/hall1/#', ['factory/hall1/temperature']],
    ['+/+', ['factory/hall1']],
  ])('talk over free topics with the filter %s', async (filter, expected) => {
    await using rig = await Rig.open();
    const [sender, receiver] = [await rig.online(HUAWEI, 1), rig.device(HUAWEI, 2)];
    const heard = new Log<string>();
    receiver.topics.subscribe(filter, ({ topic, payload }) => heard.add(`${topic} ${payload.toString()}`));
    receiver.topics.subscribe('the-end', ({ topic }) => heard.add(topic));
    await receiver.connect();
    for (const topic of ['factory', 'factory/hall1', 'factory/hall1/temperature', 'factory/hall2/temperature', 'office/hall1/temperature', 'the-end']) {
      await sender.topics.publish(topic, '21').delivered;
    }
    await heard.first((each) => each === 'the-end');
    const got = heard.all.slice(0, -1);
    // The other filters of the table decide what else arrives: only what they match does.
    expect(got).toEqual(expect.arrayContaining(expected.map((topic) => `${topic} 21`)));
    expect(got.every((each) => each.startsWith('factory'))).toBe(true);
    expect(got).not.toContain('office/hall1/temperature 21');
    expect(new Set(got).size).toBe(got.length);
    expect(rig.told(receiver).problems.all).toEqual([]);
  });

  it('cannot use each other\'s own user topics', async () => {
    await using rig = await Rig.open();
    const [one, two] = [await rig.online(HUAWEI, 1), await rig.online(HUAWEI, 2)];
    const heard = new Log<string>();
    two.topics.subscribe('$oc/devices/lamp_2/user/#', ({ payload }) => heard.add(payload.toString()));
    await expect(one.topics.publish('$oc/devices/lamp_2/user/note', 'not mine').delivered).rejects.toMatchObject({ code: 'not-permitted' });
    await two.topics.publish('$oc/devices/lamp_2/user/note', 'mine').delivered;
    await heard.first();
    expect(heard.all).toEqual(['mine']);
  });
});

describe('A Tencent device', () => {
  it('shares {P}/{D}/data with its applications, in both directions', async () => {
    await using rig = await Rig.open();
    const device = rig.device(TENCENT, 1);
    const heard = new Log<string>();
    device.topics.subscribe('LAMP000001/lamp1/data', ({ topic, payload }) => heard.add(`${topic} ${payload.toString()}`));
    await device.connect();
    await device.topics.publish('LAMP000001/lamp1/data', 'from the device').delivered;
    await rig.platform.access.deliver('tencent', 'LAMP000001/lamp1', { topic: 'LAMP000001/lamp1/data', payload: 'from the platform', qos: 1 }).delivered;
    expect(await heard.take(2)).toEqual(['LAMP000001/lamp1/data from the device', 'LAMP000001/lamp1/data from the platform']);
  });

  it('may listen to control and publish to event, not the other way round', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1);
    await device.topics.publish('LAMP000001/lamp1/event', 'x').delivered;
    device.topics.subscribe('LAMP000001/lamp1/control', () => undefined);
    await expect(device.topics.publish('LAMP000001/lamp1/control', 'x').delivered).rejects.toMatchObject({ code: 'not-permitted' });
    expect(() => device.topics.subscribe('LAMP000001/lamp1/event', () => undefined)).toThrow(expect.objectContaining({ code: 'not-permitted' }));
    await expect(device.topics.publish('LAMP000001/lamp2/data', 'x').delivered).rejects.toMatchObject({ code: 'not-permitted' });
    expect(() => device.topics.subscribe('LAMP000001/+/data', () => undefined)).toThrow(expect.objectContaining({ code: 'not-permitted' }));
  });
});

describe.each(CLOUDS)('Custom topics on $name', (cloud) => {
  it('keep their bytes, stay subscribed over a reconnect, and end with the registration', async () => {
    await using rig = await Rig.open();
    const device = rig.device(cloud, 1, { maxBackoffMs: 1 });
    const heard = new Log<Buffer>();
    const undo = device.topics.subscribe(cloud.topics.custom(1), ({ payload }) => heard.add(payload));
    await device.connect();
    const bytes = Buffer.from([0, 255, 1, 254]);
    const send = () => device.topics.publish(cloud.topics.custom(1), bytes).delivered;
    await send();
    await heard.take(1);
    const again = new Promise<void>((resolve) => device.once('online', () => resolve()));
    rig.platform.access.kick(cloud.name, cloud.ref(1), 'for the test');
    await again;
    await send();
    await heard.take(2);
    undo();
    await send();
    await device.properties.report(cloud.group({ level: 1 })).delivered;
    expect(heard.all).toEqual([bytes, bytes]);
    expect(rig.told(device).problems.all).toEqual([]);
  });
});
