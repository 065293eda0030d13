import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

describe.each(CLOUDS)('A platform that goes down on $name', (cloud) => {
  it('answers what is under way, and its devices hear of it', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(cloud, 2);
    const mute = await rig.foreign(cloud, 1);
    if (cloud.name === 'tencent') await mute.subscribeAsync(cloud.topics.command(1));
    const heard = happens(mute, 'message');
    const call = rig.blink(cloud, 1);
    await heard;
    const [{ status, body }] = await Promise.all([call, rig.platform.close(), rig.platform.close()]);
    expect({ status, text: JSON.stringify(body) }).toEqual({ status: cloud.name === 'huawei' ? 403 : 200, text: expect.stringMatching(/IOTDA\.014016|FailedOperation\.DeviceOffline/) });
    expect(await rig.told(device).offline.first()).toMatchObject({ reason: 'network', nextAttemptMs: expect.any(Number) });
  });

  it('and comes back gets what was reported meanwhile, in order, and serves the devices again', async () => {
    // The device tries again when the test says so, not when chance does.
    const clock = new FakeClock({ now: Date.now() });
    const first = await Rig.open();
    await using device = cloud.device(1, first.server, { clock });
    device.commands.handle('blink', () => ({ blinked: 3 }));
    await device.connect();
    const offline = new Promise<number>((resolve) => device.once('offline', ({ nextAttemptMs = 0 }) => resolve(nextAttemptMs)));
    await first[Symbol.asyncDispose]();
    const nextAttemptMs = await offline;

    const receipts = Array.from({ length: 30 }, (_, index) => device.properties.report(cloud.group({ level: index })));
    await Promise.all(receipts.map(({ stored }) => stored));
    await using again = await Rig.open({ mqtt: first.mqttPort });
    const levels: unknown[] = [];
    again.platform.on('frame', ({ messages }) => {
      for (const { op, message } of messages) if (op === 'property.report') levels.push(message.body.groups[0]?.values.level);
    });
    clock.advance(nextAttemptMs);
    await Promise.all(receipts.map(({ delivered }) => delivered));
    expect(levels).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(await again.reported(cloud, 1)).toEqual({ level: 29 });
    expect(JSON.stringify((await again.blink(cloud, 1)).body)).toContain('blinked');
    await device.close();
  });
});
