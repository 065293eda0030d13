import { systemClock, type Clock } from '@lianyun/protocol';
import { Device, huawei } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { CLOUDS, HUAWEI, SEED, TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const HOUR_MS = 3_600_000;

/** The clock of a machine whose clock is wrong. */
function offBy(ms: number): Clock {
  return { now: () => systemClock.now() + ms, elapsed: () => systemClock.elapsed(), after: (...timer) => systemClock.after(...timer), random: () => systemClock.random() };
}

describe.each(CLOUDS)('A device on $name whose clock is hours behind', (cloud) => {
  it('is refused, and hears that its clock may be wrong', async () => {
    await using rig = await Rig.open();
    const device = rig.device(cloud, 1, { clock: offBy(-5 * HOUR_MS) });
    await expect(device.connect()).rejects.toMatchObject({ code: 'bad-credentials', message: expect.stringContaining("this machine's clock") });
    expect(await rig.notices.first()).toMatchObject({ kind: 'connect-refused', text: expect.stringContaining(`the sign-in of ${cloud.ref(1)} has expired`) });
  });
});

describe('The time stamp of a Huawei sign-in', () => {
  it('must not be hours ahead either', async () => {
    await using rig = await Rig.open();
    await expect(rig.device(HUAWEI, 1, { clock: offBy(5 * HOUR_MS) }).connect()).rejects.toMatchObject({ code: 'bad-credentials' });
  });

  it('may be of the hour before or after, since no clock is exact', async () => {
    await using rig = await Rig.open();
    for (const ms of [-HOUR_MS, HOUR_MS]) await rig.foreign(HUAWEI, 1, HUAWEI.credentials(1, { at: rig.clock.now() + ms }));
  });

  it('is not looked at in flavour 0', async () => {
    await using rig = await Rig.open();
    const [{ device_id: deviceId, secret }] = SEED.huawei.devices;
    const device = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId, secret, checkTimestamp: false }, clock: offBy(-5 * HOUR_MS) }));
    await device.connect();
    expect(device.isOnline).toBe(true);
  });
});

describe('The expiry of a Tencent sign-in', () => {
  it('that lies in the past is CONNACK 4 for a foreign client', async () => {
    await using rig = await Rig.open();
    await expect(rig.foreign(TENCENT, 1, TENCENT.credentials(1, { at: rig.clock.now() - 2000 }))).rejects.toMatchObject({ code: 4 });
  });

  it('of a fast clock lies in the future and passes', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(TENCENT, 1, { clock: offBy(5 * HOUR_MS) });
    expect(device.isOnline).toBe(true);
  });
});
