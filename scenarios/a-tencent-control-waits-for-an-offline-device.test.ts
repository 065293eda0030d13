import { describe, expect, it } from 'vitest';
import { desired, tencentControlWaits } from './support/core.ts';
import { TENCENT } from './support/clouds.ts';
import { Rig } from './support/rig.ts';



describe('A control for a Tencent device that is offline', () => {
  it('is kept, applied after the reconnect through get_status, and cleared', () => tencentControlWaits({}));

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
