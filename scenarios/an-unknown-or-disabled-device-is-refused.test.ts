import { describe, expect, it } from 'vitest';
import { huaweiCredentials, tencentCredentials } from './support/credentials.ts';
import { CLOUDS } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

describe.each(CLOUDS)('On $name', (cloud) => {
  it('an unknown device is refused with CONNACK 5 in words', async () => {
    await using rig = await Rig.open();
    const stranger = rig.own(cloud.stranger(rig.server));
    await expect(stranger.connect()).rejects.toMatchObject({ code: 'bad-credentials', message: expect.stringMatching(/CONNACK 5: the device is unknown, disabled/) });
    expect(stranger.state.at).toBe('closed');
    expect(await rig.notices.first()).toMatchObject({ kind: 'connect-refused', text: expect.stringMatching(/the registry has no \w+ device \S*99/) });
  });

  it('a disabled device is refused with CONNACK 5, and let in when it is enabled again', async () => {
    await using rig = await Rig.open();
    rig.platform.registry.updateDevice(cloud.name, cloud.ref(1), { enabled: false });
    await expect(rig.device(cloud, 1).connect()).rejects.toMatchObject({ code: 'bad-credentials', message: expect.stringContaining('CONNACK 5') });
    expect(await rig.notices.first()).toMatchObject({ text: expect.stringContaining(`${cloud.ref(1)} is disabled`) });
    rig.platform.registry.updateDevice(cloud.name, cloud.ref(1), { enabled: true });
    await rig.online(cloud, 1);
  });

  it('a foreign client of no device gets CONNACK 5, one whose ids contradict each other CONNACK 2', async () => {
    await using rig = await Rig.open();
    const unknown = cloud.name === 'huawei' ? huaweiCredentials('lamp_99', 'secret-of-lamp-1') : tencentCredentials('LAMP000001', 'lamp99', { psk: 'c2VjcmV0LW9mLWxhbXAtMQ==' });
    await expect(rig.foreign(cloud, 1, { ...unknown })).rejects.toMatchObject({ code: 5 });
    await expect(rig.foreign(cloud, 1, { clientId: 'something-else' })).rejects.toMatchObject({ code: 2 });
  });
});
