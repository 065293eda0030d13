import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

describe.each(CLOUDS)('A payload over the limit of $name', (cloud) => {
  it('is refused by the device before it is sent; what is just within it arrives', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(cloud, 1);
    const other = device.topics.publish(cloud.topics.custom(1), 'x'.repeat(cloud.payloadBytes));
    await other.delivered;
    const receipt = device.topics.publish(cloud.topics.custom(1), 'x'.repeat(cloud.payloadBytes + 1));
    await expect(receipt.stored).rejects.toMatchObject({ code: 'too-large', message: expect.stringMatching(new RegExp(`${cloud.payloadBytes + 1} bytes.*${cloud.payloadBytes}`)) });
    await expect(receipt.delivered).rejects.toMatchObject({ code: 'too-large' });
    // Bytes count, not characters.
    await expect(device.properties.report(cloud.group({ label: '灯'.repeat(cloud.payloadBytes / 2) })).stored).rejects.toMatchObject({ code: 'too-large' });
    expect(rig.told(device).problems.all).toMatchObject([{ code: 'too-large' }, { code: 'too-large' }]);
    expect(device.isOnline).toBe(true);
    expect(rig.notices.all).toEqual([]);
  });

  it('ends the connection of a foreign client that sends it all the same', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    await client.publishAsync(cloud.topics.custom(1), 'x'.repeat(cloud.payloadBytes), { qos: 1 });
    const isClosed = happens(client, 'close');
    client.publish(cloud.topics.custom(1), 'x'.repeat(cloud.payloadBytes + 1), { qos: 1 }, () => undefined);
    await isClosed;
    expect(rig.notices.all).toMatchObject([{ kind: 'over-limit', text: expect.stringContaining(`PUBLISH of ${cloud.payloadBytes + 1} bytes`) }]);
  });
});
