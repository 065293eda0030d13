import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

describe.each(CLOUDS)('A body with a wrong type on $name', (cloud) => {
  it('is a problem of the platform that names topic and path', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    const { text, path } = cloud.wrongReport;
    await client.publishAsync(cloud.topics.report(1), text, { qos: 1 });
    const [problem] = await rig.problems.take(1);
    expect(problem).toMatchObject({ code: 'bad-frame', place: { topic: cloud.topics.report(1), path, device: cloud.ref(1), excerpt: text } });
    expect(problem?.message).toContain(`${path} of the property.report on ${cloud.topics.report(1)}`);
    expect(await rig.reported(cloud, 1)).toEqual({});
    expect(client.connected).toBe(true);
  });

  it('is a problem of the device that names topic and path, and no handler runs', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(cloud, 1);
    let runs = 0;
    device.properties.onSet(() => void runs++);
    const topic = cloud.topics.set(1);
    const { text, path } = cloud.wrongSet;
    await rig.platform.access.deliver(cloud.name, cloud.ref(1), { topic, payload: text, qos: 0 }).delivered;
    const problem = await rig.told(device).problems.first();
    expect(problem).toMatchObject({ code: 'bad-frame', place: { topic, path, device: cloud.ref(1), excerpt: text } });
    expect(problem.message).toContain(`${path} of the property.set on ${topic}`);
    expect(runs).toBe(0);
    expect(device.isOnline).toBe(true);
  });

  it('that breaks the thing model is refused by the platform with the name of the property', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(cloud, 1);
    const { delivered } = device.properties.report(cloud.group({ level: 'high' }));
    if (cloud.name === 'tencent') await expect(delivered).rejects.toMatchObject({ code: 'refused', place: { number: 406 } });
    else await delivered; // PUBACK says only that the message has come (huawei 3.4)
    expect(await rig.problems.first()).toMatchObject({ code: 'model-violation', message: expect.stringContaining('level'), place: { device: cloud.ref(1), path: expect.stringContaining('level') } });
    expect(await rig.reported(cloud, 1)).toEqual({});
  });
});

describe('A number written as text', () => {
  it('is read all the same where vendors write it so', async () => {
    await using rig = await Rig.open();
    const [, tencent] = CLOUDS;
    if (tencent === undefined) throw new Error('Tencent is the second cloud');
    const client = await rig.foreign(tencent, 1);
    await client.publishAsync(tencent.topics.report(1), '{"method":"report","clientToken":"t","timestamp":"1763769600000","params":{"level":3}}', { qos: 1 });
    expect(rig.problems.all).toEqual([]);
    expect(await rig.reported(tencent, 1)).toEqual({ level: 3 });
  });
});
