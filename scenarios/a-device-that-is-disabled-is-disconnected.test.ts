import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CLOUDS, type Cloud } from './support/clouds.ts';
import { GATEWAYS, gatewaySeed, onlineGateway } from './support/gateways.ts';
import { Rig, type ApiAnswer } from './support/rig.ts';

const setEnabled = (rig: Rig, { name }: Pick<Cloud, 'name'>, lamp: string, isEnabled: boolean): Promise<ApiAnswer> =>
  name === 'huawei'
    ? rig.huawei('POST', `/devices/lamp_${lamp}/${isEnabled ? 'unfreeze' : 'freeze'}`)
    : rig.tencent('UpdateDevicesEnableState', { DevicesItems: [{ ProductId: 'LAMP000001', DeviceName: lamp.startsWith('sub') ? lamp : `lamp${lamp}` }], Status: isEnabled ? 1 : 0 });

describe.each(CLOUDS)('A device on $name that is disabled', (cloud) => {
  it('loses its connection, is let in no more, and again when it is enabled', async () => {
    await using rig = await Rig.open();
    const client = await rig.foreign(cloud, 1);
    const other = await rig.online(cloud, 2);
    const closed = new Promise<void>((resolve) => client.once('close', resolve));
    const told = once(rig.platform, 'offline');
    expect((await setEnabled(rig, cloud, '1', false)).status).toBe(cloud.name === 'huawei' ? 204 : 200);
    await closed;
    expect(await told).toMatchObject([{ cloud: cloud.name, device: cloud.ref(1), reason: 'kicked' }]);
    expect(await rig.notices.first(({ kind }) => kind === 'kicked')).toMatchObject({ text: expect.stringContaining('disabled') });
    await expect(rig.foreign(cloud, 1)).rejects.toMatchObject({ code: 5 });
    await setEnabled(rig, cloud, '1', true);
    await rig.foreign(cloud, 1);
    expect(other.state.at).toBe('online');
  });

  it('is refused where there is none', async () => {
    await using rig = await Rig.open();
    const answer = await setEnabled(rig, cloud, '9', false);
    expect(answer).toMatchObject(cloud.name === 'huawei' ? { status: 404, body: { error_code: 'IOTDA.014000' } } : { body: { Error: { Code: 'ResourceNotFound.DeviceNotExist' } } });
  });
});

describe.each(GATEWAYS)('A sub-device on $name that is disabled', (cloud) => {
  it('is taken offline, its gateway is not, and cannot bring it online nor report for it', async () => {
    await using rig = await Rig.open({ seed: gatewaySeed(2) });
    const gateway = await onlineGateway(rig, cloud, 2);
    const status = (lamp: number) => rig.platform.downlink.isOnline(cloud.name, cloud.lamp(lamp));
    await setEnabled(rig, cloud, 'sub0', false);
    expect([status(0), status(1), gateway.state.at]).toEqual([false, true, 'online']);
    expect(await gateway.gateway.online([cloud.lamp(0)])).toMatchObject([{ device: cloud.lamp(0), code: cloud.name === 'huawei' ? -1 : 802 }]);
    expect(status(0)).toBe(false);
    gateway.gateway.child(cloud.lamp(0)).properties.report(cloud.group({ level: 7 })).delivered.catch(() => undefined);
    await gateway.gateway.child(cloud.lamp(1)).properties.report(cloud.group({ level: 1 })).delivered;
    expect(rig.platform.twins.read(cloud.name, cloud.lamp(0))).toEqual([]);
    await setEnabled(rig, cloud, 'sub0', true);
    expect(await gateway.gateway.online([cloud.lamp(0)])).toMatchObject([{ device: cloud.lamp(0), code: 0 }]);
    expect(status(0)).toBe(true);
  });
});
