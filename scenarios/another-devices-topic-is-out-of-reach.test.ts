import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

describe.each(CLOUDS)("Another device's topic on $name", (cloud) => {
  const { report, set, everything, everybodys } = cloud.topics;

  it('is refused by our device before anything is sent', async () => {
    await using rig = await Rig.open();
    const frames: string[] = [];
    const device = await rig.online(cloud, 1);
    rig.platform.on('frame', ({ topic }) => frames.push(topic));
    const receipt = device.topics.publish(report(2), cloud.reportText({ level: 9 }));
    await expect(receipt.stored).rejects.toMatchObject({ code: 'not-permitted', place: { topic: report(2), device: cloud.ref(1) } });
    await expect(receipt.delivered).rejects.toMatchObject({ code: 'not-permitted' });
    expect(() => device.topics.subscribe(everything(2), () => undefined)).toThrow(expect.objectContaining({ code: 'not-permitted' }));
    expect(() => device.topics.subscribe(everybodys, () => undefined)).toThrow(expect.objectContaining({ code: 'not-permitted' }));
    expect(rig.told(device).problems.all).toMatchObject([{ code: 'not-permitted' }]);
    // A report of its own is all that the platform ever sees of it.
    await device.properties.report(cloud.group({ level: 1 })).delivered;
    expect(new Set(frames)).toEqual(new Set([report(1), ...(cloud.name === 'tencent' ? [set(1)] : [])]));
    expect(await rig.reported(cloud, 2)).toEqual({});
  });

  it('is acknowledged and dropped when a foreign client publishes there', async () => {
    await using rig = await Rig.open();
    const victim = await rig.online(cloud, 2);
    const sets: unknown[] = [];
    victim.properties.onSet(({ groups }) => void sets.push(...groups));
    const client = await rig.foreign(cloud, 1);
    await client.publishAsync(report(2), cloud.reportText({ level: 9 }), { qos: 1 });
    await client.publishAsync(set(2), cloud.wrongSet.text, { qos: 1 });
    const notices = rig.notices.all.filter(({ kind }) => kind === 'forbidden-publish');
    expect(notices.map(({ text }) => text)).toEqual([report(2), set(2)].map((topic) => `PUBLISH to ${topic} dropped: ${cloud.ref(1)} may not publish there.`));
    // What is really meant for the victim arrives behind it, alone.
    await rig.set(cloud, 2, { level: 4 });
    expect(sets).toEqual([cloud.group({ level: 4 })]);
    expect(rig.told(victim).problems.all).toEqual([]);
    expect(await rig.reported(cloud, 2)).toEqual({});
    expect(client.connected).toBe(true);
  });

  it('is refused with SUBACK 0x80 when a foreign client subscribes it, by name or by wildcard', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    const heard: string[] = [];
    client.on('message', (topic) => heard.push(topic));
    for (const filter of [everything(2), everybodys, '$oc/#', '$thing/down/#']) {
      await expect(client.subscribeAsync(filter, { qos: 1 }), filter).rejects.toThrow(/Unspecified error|0x80|128/i);
    }
    const victim = await rig.online(cloud, 2);
    victim.commands.handle('blink', () => ({ blinked: 3 }));
    await rig.blink(cloud, 2);
    await client.publishAsync(report(1), cloud.reportText({ level: 1 }), { qos: 1 });
    expect(heard).toEqual([]);
    expect(client.connected).toBe(true);
  });
});
