import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { CLOUDS, HUAWEI, TENCENT } from './support/clouds.ts';
import { happens, Rig } from './support/rig.ts';

const OFFLINE = {
  huawei: { status: 403, body: { error_code: 'IOTDA.014016', error_msg: expect.stringContaining('lamp_1 is not connected') } },
  tencent: { status: 200, body: { Error: { Code: 'FailedOperation.DeviceOffline', Message: expect.stringContaining('lamp1') } } },
};

describe.each(CLOUDS)('A command to an offline device on $name', (cloud) => {
  it('is answered without any time passing', async () => {
    // On this clock no wait would ever end.
    await using rig = await Rig.open({ clock: new FakeClock({ now: Date.now() }) });
    expect(await rig.blink(cloud, 1)).toMatchObject(OFFLINE[cloud.name]);
    expect(await rig.blink(cloud, 1)).toMatchObject(OFFLINE[cloud.name]);
  });

  it('that goes away before it answers is answered when it is gone', async () => {
    await using rig = await Rig.open({ clock: new FakeClock({ now: Date.now() }) });
    const client = await rig.foreign(cloud, 1);
    if (cloud.name === 'tencent') await client.subscribeAsync(cloud.topics.command(1));
    const heard = happens(client, 'message');
    const call = rig.blink(cloud, 1);
    await heard;
    client.stream.destroy();
    const { status, body } = await call;
    expect({ status, text: JSON.stringify(body) }).toEqual({ status: OFFLINE[cloud.name].status, text: expect.stringMatching(/IOTDA\.014016|FailedOperation\.DeviceOffline/) });
  });
});

describe('An offline device', () => {
  it('cannot be asked or set on Huawei either', async () => {
    await using rig = await Rig.open();
    expect(await rig.set(HUAWEI, 1, { level: 1 })).toMatchObject(OFFLINE.huawei);
    expect(await rig.huawei('GET', '/devices/lamp_1/properties?service_id=light')).toMatchObject(OFFLINE.huawei);
  });

  it('cannot be called asynchronously on Tencent either', async () => {
    await using rig = await Rig.open();
    expect(await rig.tencent('CallDeviceActionAsync', { ProductId: 'LAMP000001', DeviceName: 'lamp1', ActionId: 'blink', InputParams: '{"times":1}' })).toMatchObject(OFFLINE.tencent);
  });

  it('that is online but has not subscribed is unreachable on Tencent', async () => {
    await using rig = await Rig.open();
    await rig.foreign(TENCENT, 1);
    expect(await rig.blink(TENCENT, 1)).toMatchObject({ body: { Error: { Code: 'FailedOperation.ActionUnreachable' } } });
  });
});
