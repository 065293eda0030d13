import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

describe.each(CLOUDS)('A wrong secret on $name', (cloud) => {
  it('is refused in words, closes the device, and leaves the real one alone', async () => {
    await using rig = await Rig.open();
    const real = await rig.online(cloud, 1);
    const impostor = rig.own(cloud.impostor(1, rig.server));
    await expect(impostor.connect()).rejects.toMatchObject({
      code: 'bad-credentials',
      message: expect.stringMatching(/CONNACK 4: the device id, the secret or this machine's clock is wrong/),
      cure: expect.stringContaining('secret'),
    });
    expect(impostor.state).toMatchObject({ at: 'closed', why: { reason: 'bad-credentials' } });
    expect(rig.told(impostor).offline.all).toMatchObject([{ reason: 'bad-credentials', nextAttemptMs: undefined }]);
    expect(await rig.notices.first(({ kind }) => kind === 'connect-refused')).toMatchObject({ text: expect.stringContaining(`the password of ${cloud.ref(1)} is wrong`) });
    await real.properties.report(cloud.group({ level: 5 })).delivered;
    expect(await rig.reported(cloud, 1)).toEqual({ level: 5 });
  });

  it('is CONNACK 4 for a foreign client', async () => {
    await using rig = await Rig.open();
    await expect(rig.foreign(cloud, 1, { password: 'not-its-password' })).rejects.toMatchObject({ code: 4 });
    await expect(rig.foreign(cloud, 1, { ...cloud.credentials(1, { secret: 'YW5vdGhlcg==' }) })).rejects.toMatchObject({ code: 4 });
    expect(rig.platform.access.connections).toBe(0);
  });

  it('never shows up in what is told', async () => {
    await using rig = await Rig.open();
    const impostor = rig.own(cloud.impostor(1, rig.server));
    const error: unknown = await impostor.connect().catch((cause: unknown) => cause);
    const { password } = cloud.credentials(1);
    const told = JSON.stringify([String(error), error, rig.notices.all, rig.told(impostor).offline.all.map((each) => [String(each.error), each])]);
    for (const secret of ['not-its-secret', 'bm90LWl0cy1zZWNyZXQ', 'secret-of-lamp', 'c2VjcmV0LW9m', password]) expect(told).not.toContain(secret);
  });
});
