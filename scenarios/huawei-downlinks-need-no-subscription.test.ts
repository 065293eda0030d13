import { describe, expect, it } from 'vitest';
import { HUAWEI } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const note = (topic: string) => ({ topic, payload: '{}', qos: 1 }) as const;

describe('A Huawei device that never subscribes', () => {
  it('gets its system downlinks, at QoS 0', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(HUAWEI, 1);
    for (const topic of ['messages/down', 'events/down', 'commands/request_id=1', 'properties/set/request_id=2', 'properties/get/request_id=3', 'shadow/get/response/request_id=4'].map((rest) => `$oc/devices/lamp_1/sys/${rest}`)) {
      const message = happens(client, 'message');
      await rig.platform.access.deliver('huawei', 'lamp_1', note(topic)).delivered;
      expect(await message).toMatchObject([topic, Buffer.from('{}'), { qos: 0 }]);
    }
  });

  it('gets none of its custom topics', async () => {
    await using rig = await Rig.open();
    await rig.foreign(HUAWEI, 1);
    await expect(rig.platform.access.deliver('huawei', 'lamp_1', note('$oc/devices/lamp_1/user/note')).delivered).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('A Huawei device that subscribes what it has already', () => {
  it('gets exactly one copy, at QoS 1 from then on, and at QoS 0 when it has taken that back', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(HUAWEI, 1);
    const heard: string[] = [];
    client.on('message', (topic, _payload, { qos }) => heard.push(`${topic.slice(-1)} at ${qos}`));
    await client.subscribeAsync({ '$oc/devices/lamp_1/sys/commands/#': { qos: 1 }, '$oc/devices/lamp_1/sys/#': { qos: 0 } });
    const send = (id: number) => rig.platform.access.deliver('huawei', 'lamp_1', note(`$oc/devices/lamp_1/sys/commands/request_id=${id}`)).delivered;
    await send(1); // resolves with the PUBACK
    await client.unsubscribeAsync(['$oc/devices/lamp_1/sys/commands/#', '$oc/devices/lamp_1/sys/#']);
    await send(2);
    // A round trip later everything has arrived that ever will.
    await client.publishAsync(HUAWEI.topics.report(1), HUAWEI.reportText({ level: 1 }), { qos: 1 });
    expect(heard).toEqual(['1 at 1', '2 at 0']);
  });
});

describe('An uplink', () => {
  it('goes to the platform and to nobody else, whatever others subscribe', async () => {
    await using rig = await Rig.open();
    const listener = await rig.foreign(HUAWEI, 2);
    const heard: string[] = [];
    listener.on('message', (topic) => heard.push(topic));
    // Filters that a stock broker would grant and serve.
    for (const filter of ['#', '$oc/#', '$oc/devices/+/sys/properties/report', 'free/#']) await listener.subscribeAsync(filter).catch(() => undefined);
    const device = await rig.online(HUAWEI, 1);
    await device.properties.report({ service: 'light', values: { level: 3 } }).delivered;
    await device.topics.publish('free/last', 'the end').delivered;
    await listener.publishAsync(HUAWEI.topics.report(2), HUAWEI.reportText({ level: 1 }), { qos: 1 });
    expect(heard).toEqual(['free/last']);
    expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 3 });
  });
});
