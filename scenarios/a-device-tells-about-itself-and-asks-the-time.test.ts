import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { asksTheTime, huaweiTellsAboutItself, tencentTellsAboutItself } from './support/core-gateways-and-files.ts';
import { CLOUDS, HUAWEI } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const HOUR_MS = 3_600_000;

describe('What a device tells about itself', () => {
  it('is shown by Huawei\'s API, the SDK named by default, and what it leaves out stays', () => huaweiTellsAboutItself({}));

  it('is answered by Tencent\'s cloud and shown as the version of the device', () => tencentTellsAboutItself({}));
});

describe.each(CLOUDS)('The time of the $name cloud', (cloud) => {
  it('gives offset and round trip, again and again', () => asksTheTime({}, cloud));

  it('cannot be asked for without a connection', async () => {
    await using rig = await Rig.open();
    const device = rig.device(cloud, 1);
    await expect(device.time.sync()).rejects.toMatchObject({ code: 'offline' });
    await expect(device.time.sync({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });
});

it.each([1_744_594_200_000, '1744594200000'])('A Huawei device that sends its time as %j is answered in numbers', async (device_send_time) => {
  await using rig = await Rig.open();
  const client = await rig.foreign(HUAWEI, 1);
  const answer = happens(client, 'message');
  const before = Date.now();
  await client.publishAsync('$oc/devices/lamp_1/sys/events/up', JSON.stringify({ services: [{ service_id: '$time_sync', event_type: 'time_sync_request', event_time: '20250414T013000Z', event_id: '', paras: { device_send_time } }] }), { qos: 1 });
  const [topic, payload] = (await answer) as [string, Buffer];
  expect(topic).toBe('$oc/devices/lamp_1/sys/events/down');
  const { services } = JSON.parse(payload.toString()) as { services: { service_id: string; event_type: string; paras: Record<string, number> }[] };
  expect(services).toEqual([expect.objectContaining({ service_id: '$time_sync', event_type: 'time_sync_response', paras: { device_send_time: 1_744_594_200_000, server_recv_time: expect.any(Number), server_send_time: expect.any(Number) } })]);
  expect(services[0]?.paras['server_recv_time']).toBeGreaterThanOrEqual(before);
});

it('The measured offset is dropped when somebody sets the machine\'s clock', async () => {
  const [clock, own] = [new FakeClock(), new FakeClock()];
  await using rig = await Rig.open({ clock });
  const device = await rig.online(HUAWEI, 1, { clock: own });
  clock.set(clock.now() + HOUR_MS);
  expect(await device.time.sync()).toMatchObject({ offsetMs: HOUR_MS });
  own.set(clock.now());
  const at = new Promise<number | undefined>((resolve) => rig.platform.once('event', ({ event }) => resolve(event.at)));
  await device.events.post({ service: 'light', name: 'burnt', params: {} }).delivered;
  expect(await at).toBe(own.now());
  await device.close();
});

it('A Huawei device signs in with the measured offset, where its own clock is refused', async () => {
  const clock = new FakeClock({ now: Date.UTC(2026, 0, 1, 11, 55) });
  const own = new FakeClock({ now: Date.UTC(2026, 0, 1, 10, 5) });
  await using rig = await Rig.open({ clock });
  const device = await rig.online(HUAWEI, 1, { clock: own, maxBackoffMs: 1 });
  expect(await device.time.sync()).toMatchObject({ offsetMs: HOUR_MS + 50 * 60_000 });
  // Two hours are between the clocks now: the platform takes one.
  clock.set(Date.UTC(2026, 0, 1, 12, 30));
  const again = new Promise<void>((resolve) => device.once('online', () => resolve()));
  const gone = rig.told(device).offline.first();
  rig.platform.access.kick('huawei', 'lamp_1', 'for the test');
  await gone;
  own.advance(10);
  await again;
  const other = rig.device(HUAWEI, 2, { clock: own });
  await expect(other.connect()).rejects.toMatchObject({ code: 'bad-credentials' });
  await device.close();
});
