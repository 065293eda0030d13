import { describe, expect, it } from 'vitest';
import { Device, huawei } from 'lianyun';
import { Rig } from './support/rig.ts';

const LAMP = { deviceId: 'lamp_1', secret: 'secret-of-lamp-1' };

/** A lamp that takes configurations, and what it took. */
function lampOf(rig: Rig) {
  const lamp = rig.own(new Device({ dialect: huawei, identity: LAMP, server: rig.server }));
  const taken: unknown[] = [];
  lamp.remoteConfig.onUpdate(({ content }) => {
    taken.push(content);
    if (content === 'nonsense') return { code: 3, text: 'what is that?' };
    return undefined;
  });
  return { lamp, taken };
}

/** Resolves when something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => void setImmediate(resolve));
}

describe('A configuration for a Huawei device', () => {
  it('reaches it at once, and what it answers is kept', async () => {
    await using rig = await Rig.open();
    const { lamp, taken } = lampOf(rig);
    await lamp.connect();
    const { configurations } = rig.platform.huawei;
    expect(configurations.update('lamp_1', { interval: 60 })).toMatchObject({ status: 'pending' });
    await until(() => configurations.get('lamp_1')?.status === 'taken');
    configurations.update('lamp_1', 'nonsense');
    await until(() => configurations.get('lamp_1')?.status === 'refused');
    expect(configurations.get('lamp_1')).toMatchObject({ code: 3, text: 'what is that?' });
    expect(taken).toEqual([{ interval: 60 }, 'nonsense']);
  });

  it('waits until the device connects', async () => {
    await using rig = await Rig.open();
    rig.platform.huawei.configurations.update('lamp_1', { interval: 1 });
    rig.platform.huawei.configurations.update('lamp_1', { interval: 2 });
    const { lamp, taken } = lampOf(rig);
    await lamp.connect();
    await until(() => rig.platform.huawei.configurations.get('lamp_1')?.status === 'taken');
    expect(taken).toEqual([{ interval: 2 }]);
  });

  it('is refused for a device that is not there, or a time that is not documented', async () => {
    await using rig = await Rig.open();
    expect(() => rig.platform.huawei.configurations.update('lamp_9', {})).toThrow(expect.objectContaining({ code: 'not-found' }));
    for (const days of [0, 31, Number.NaN]) expect(() => rig.platform.huawei.configurations.update('lamp_1', {}, { days })).toThrow('1 to 30 days');
  });
});
