import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

describe.each(CLOUDS)('QoS 2 on $name', (cloud) => {
  it('ends the connection of who publishes at it, and nothing is taken', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    const isClosed = happens(client, 'close');
    client.publish(cloud.topics.report(1), cloud.reportText({ level: 3 }), { qos: 2 }, () => undefined);
    await isClosed;
    expect(rig.notices.all).toMatchObject([{ kind: 'protocol-error', text: expect.stringContaining('QoS 2') }]);
    expect(await rig.reported(cloud, 1)).toEqual({});
  });

  it('is granted as 1 to who subscribes at it', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    expect(await client.subscribeAsync(cloud.topics.custom(1), { qos: 2 })).toMatchObject([{ qos: 1 }]);
  });
});
