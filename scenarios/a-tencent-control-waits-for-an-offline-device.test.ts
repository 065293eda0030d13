import { describe, expect, it } from 'vitest';
import { TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const desired = (rig: Rig) => rig.platform.twins.read('tencent', 'LAMP000001/lamp1')[0]?.desired?.values;

/** Resolves when the platform has answered clear_control. */
function cleared(rig: Rig): Promise<void> {
  return new Promise((resolve) => {
    rig.platform.on('frame', ({ payload }) => {
      if (payload.includes('clear_control_reply')) resolve();
    });
  });
}

describe('A control for a Tencent device that is offline', () => {
  it('is kept, applied after the reconnect through get_status, and cleared', async () => {
    await using rig = await Rig.open();
    const answer = await rig.set(TENCENT, 1, { level: 70 });
    expect(JSON.parse((answer.body as any).Result as string)).toMatchObject({ Sent: 0 });
    await rig.set(TENCENT, 1, { label: 'kitchen' });
    expect(desired(rig)).toEqual({ level: 70, label: 'kitchen' });

    const device = rig.device(TENCENT, 1);
    const sets: unknown[] = [];
    device.properties.onSet(async ({ groups }) => {
      sets.push(groups);
      await device.properties.report(groups).delivered;
    });
    const done = cleared(rig);
    await device.connect();
    await done;
    expect(sets).toEqual([[{ values: { level: 70, label: 'kitchen' } }]]);
    expect(desired(rig)).toBeUndefined();
    expect(await rig.reported(TENCENT, 1)).toEqual({ level: 70, label: 'kitchen' });

    // Nothing waits any more: the next connection applies nothing.
    await device.close();
    const again = rig.device(TENCENT, 1);
    again.properties.onSet(({ groups }) => void sets.push(groups));
    await again.connect();
    await again.properties.report({ values: { level: 71 } }).delivered;
    expect(sets).toHaveLength(1);
  });

  it('stays when the device refuses it', async () => {
    await using rig = await Rig.open();
    await rig.set(TENCENT, 1, { level: 70 });
    const device = rig.device(TENCENT, 1);
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    device.properties.onSet(() => {
      resolve();
      return { code: 22, text: 'too hot' };
    });
    await device.connect();
    await asked;
    await device.properties.report({ values: { level: 1 } }).delivered;
    expect(desired(rig)).toEqual({ level: 70 });
  });

  it('gives way to one that reaches the device', async () => {
    await using rig = await Rig.open();
    await rig.set(TENCENT, 1, { level: 70 });
    await rig.online(TENCENT, 1); // it handles no sets, so nothing is applied at connect
    await rig.set(TENCENT, 1, { level: 20 });
    expect(desired(rig)).toBeUndefined();
  });
});
