import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const FRAMES = ['level: 7', '', '{"cut off":', '\u0007', '[1,2]', '"text"', 'null'];

describe.each(CLOUDS)('A frame that is no JSON, or no object, on $name', (cloud) => {
  it.each(FRAMES)('is a problem of the platform when %j comes up, and the connection lives on', async (text) => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    await client.publishAsync(cloud.topics.report(1), text, { qos: 1 });
    expect(rig.problems.all).toMatchObject([{ code: 'bad-frame', place: { topic: cloud.topics.report(1), device: cloud.ref(1), path: '$', excerpt: text } }]);
    await client.publishAsync(cloud.topics.report(1), cloud.reportText({ level: 3 }), { qos: 1 });
    expect(await rig.reported(cloud, 1)).toEqual({ level: 3 });
    expect(rig.problems.all).toHaveLength(1);
  });

  it.each(FRAMES)('is a problem of the device when %j comes down, and the connection lives on', async (text) => {
    await using rig = await Rig.open();
    const device = await rig.online(cloud, 1);
    const sets: unknown[] = [];
    device.properties.onSet(({ groups }) => void sets.push(...groups));
    const topic = cloud.topics.set(1);
    await rig.platform.access.deliver(cloud.name, cloud.ref(1), { topic, payload: text, qos: 0 }).delivered;
    expect(await rig.told(device).problems.first()).toMatchObject({ code: 'bad-frame', place: { topic, device: cloud.ref(1), path: '$', excerpt: text } });
    await rig.set(cloud, 1, { level: 4 });
    await device.properties.report(cloud.group({ level: 4 })).delivered;
    expect(sets).toEqual([cloud.group({ level: 4 })]);
    expect(rig.told(device).problems.all).toHaveLength(1);
  });

  it('is a problem also when it is no UTF-8', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    await client.publishAsync(cloud.topics.report(1), Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { qos: 1 });
    expect(rig.problems.all).toMatchObject([{ code: 'bad-frame', place: { topic: cloud.topics.report(1) } }]);
  });
});
