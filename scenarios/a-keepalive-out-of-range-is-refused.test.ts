import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

/** Seconds: huawei 1.2, tencent 0.2. 0 stands for none. */
const RANGES = { huawei: { wrong: [0, 29, 1201, 65_535], right: [30, 1200] }, tencent: { wrong: [901, 65_535], right: [0, 1, 900] } };

describe.each(CLOUDS)('On $name', (cloud) => {
  const { wrong, right } = RANGES[cloud.name];

  it.each([...wrong, -1, Number.NaN])('a keepalive of %d s is refused when the device is made, with the range', (keepaliveSeconds) => {
    expect(() => cloud.device(1, 'mqtt://127.0.0.1', { keepaliveSeconds })).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(/^keepaliveSeconds is .*: .*number from (30 to 1200|0 to 900) is expected\.$/) }),
    );
  });

  it.each(wrong)('a keepalive of %d s is CONNACK 2 for a foreign client', async (keepalive) => {
    await using rig = await Rig.open();
    await expect(rig.foreign(cloud, 1, { keepalive })).rejects.toMatchObject({ code: 2 });
    expect(await rig.notices.first()).toMatchObject({ kind: 'connect-refused', text: expect.stringContaining(`${cloud.ref(1)} wants a keepalive of ${keepalive} s`) });
  });

  it.each(right)('a keepalive of %d s is taken from both', async (keepaliveSeconds) => {
    await using rig = await Rig.open();
    await rig.foreign(cloud, 1, { keepalive: keepaliveSeconds });
    await rig.online(cloud, 2, { keepaliveSeconds });
  });
});
