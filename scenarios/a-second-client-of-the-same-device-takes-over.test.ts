import { once } from 'node:events';
import { FakeClock } from '@lianyun/protocol/testing';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { CLOUDS, type Cloud } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

/** A second client for lamp 1, and the topic of the first command that it gets. */
async function rival(rig: Rig, cloud: Cloud): Promise<{ readonly client: MqttClient; readonly topic: Promise<string> }> {
  const client = await rig.foreign(cloud, 1);
  const topic = happens(client, 'message').then(([first]) => String(first));
  if (cloud.name === 'tencent') await client.subscribeAsync(cloud.topics.command(1));
  return { client, topic };
}

const OFFLINE = { huawei: { status: 403, body: { error_code: 'IOTDA.014016' } }, tencent: { status: 200, body: { Error: { Code: 'FailedOperation.DeviceOffline' } } } };
const commandTopic = { huawei: /^\$oc\/devices\/lamp_1\/sys\/commands\/request_id=/, tencent: /^\$thing\/down\/action\/LAMP000001\/lamp1$/ };

describe.each(CLOUDS)('A second client of the same device on $name', (cloud) => {
  it('takes over each time; the first hears in words what goes on when it happened twice, and the newest is served', async () => {
    // The first client tries again when the test says so, not when chance does.
    const clock = new FakeClock({ now: Date.now() });
    await using rig = await Rig.open();
    const first = rig.device(cloud, 1, { clock });
    first.commands.handle('blink', () => ({ blinked: 3 }));
    await first.connect();
    const { offline } = rig.told(first);
    const comeBack = async (count: number): Promise<void> => {
      const { nextAttemptMs = 0 } = (await offline.take(count)).at(-1) ?? {};
      const online = once(first, 'online');
      clock.advance(nextAttemptMs);
      await online;
    };

    const second = await rival(rig, cloud);
    const [lost] = await offline.take(1);
    expect(lost).toMatchObject({ reason: 'network', nextAttemptMs: expect.any(Number) });
    const call = rig.blink(cloud, 1);
    expect(await second.topic).toMatch(commandTopic[cloud.name]);

    const isClosed = happens(second.client, 'close');
    await comeBack(1);
    await isClosed;
    // What the second one left unanswered is answered for it.
    expect(await call).toMatchObject(OFFLINE[cloud.name]);
    expect(JSON.stringify((await rig.blink(cloud, 1)).body)).toMatch(/blinked/);

    const third = await rival(rig, cloud);
    const [, again] = await offline.take(2);
    expect(again).toMatchObject({ reason: 'kicked', error: { code: 'kicked', message: expect.stringContaining('another client signs in as the same device'), cure: expect.stringContaining('its own identity') } });
    const last = rig.blink(cloud, 1);
    expect(await third.topic).toMatch(commandTopic[cloud.name]);
    expect(rig.platform.access.connections).toBe(1);
    await third.client.endAsync();
    expect(await last).toMatchObject(OFFLINE[cloud.name]);
    // It never gives up: the device comes back when the others leave it alone.
    await comeBack(2);
  });

  it('is known by the device, not by the client id', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1, cloud.credentials(1, { at: rig.clock.now() + (cloud.name === 'huawei' ? -3_600_000 : 60_000) }));
    const isClosed = happens(client, 'close');
    await rig.online(cloud, 1);
    await isClosed;
    expect(rig.platform.access.connections).toBe(1);
  });
});
