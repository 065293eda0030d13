import { describe, expect, it } from 'vitest';
import type { JsonObject } from 'lianyun';
import { desire, huaweiWishesWait, report, setsOf, settled } from './support/core.ts';
import { HUAWEI } from './support/clouds.ts';
import { gatewaySeed, HUAWEI_GATEWAY } from './support/gateways.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

describe('What is desired of a Huawei device', () => {
  it('waits while it is offline, is pushed when it connects, and not again when it was reported', () => huaweiWishesWait({}));

  it('is pushed at once while it is online, only what differs, and again with its next report as long as it does', async () => {
    await using rig = await Rig.open();
    const device = rig.device(HUAWEI, 1);
    let isWilling = false;
    const sets = setsOf(device, (values) => (isWilling ? values : undefined));
    await device.connect();
    await report(device, { level: 5 });
    await desire(rig, { level: 5, label: 'hall' });
    expect(await sets.first()).toEqual({ label: 'hall' });
    // The answer alone changes nothing, nor does it bring another push.
    await settled(device);
    expect(sets.all).toHaveLength(1);
    isWilling = true;
    await report(device, { level: 6 });
    expect(await sets.take(2)).toEqual([{ label: 'hall' }, { level: 5, label: 'hall' }]);
    await report(device, { level: 5 });
    await settled(device);
    expect(sets.all).toHaveLength(2);
  });

  it('goes out one push after the other, the last one with what is desired then', async () => {
    await using rig = await Rig.open();
    const device = rig.device(HUAWEI, 1);
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const seen = new Log<JsonObject>();
    device.properties.onSet(async ({ groups }) => {
      seen.add(groups[0]?.values ?? {});
      await gate;
      await device.properties.report(groups).delivered;
    });
    await device.connect();
    await desire(rig, { level: 1 });
    await seen.first();
    for (let level = 2; level < 20; level++) await desire(rig, { level });
    open();
    expect(await seen.take(2)).toEqual([{ level: 1 }, { level: 19 }]);
    await settled(device);
    expect(seen.all).toHaveLength(2);
  });

  it('is taken back with null, and by deleting the shadow', async () => {
    await using rig = await Rig.open();
    await desire(rig, { level: 70, label: 'kitchen' });
    expect(await desire(rig, { level: null })).toMatchObject({ body: { shadow: [{ desired: { properties: { label: 'kitchen' } }, version: 2 }] } });
    expect(await rig.huawei('DELETE', '/devices/lamp_1/shadow')).toEqual({ status: 204, body: undefined });
    expect(await rig.huawei('GET', '/devices/lamp_1/shadow')).toEqual({ status: 200, body: { device_id: 'lamp_1', shadow: [] } });
    const device = rig.device(HUAWEI, 1);
    const sets = setsOf(device, () => undefined);
    await device.connect();
    await settled(device);
    expect(sets.all).toEqual([]);
  });

  it('is refused as a whole with another version, a wrong value, or a name that no shadow has', async () => {
    await using rig = await Rig.open();
    expect(await desire(rig, { level: 1 }, { version: 1 })).toMatchObject({ status: 400, body: { error_code: 'IOTDA.000006', error_msg: expect.stringContaining('version 0, not 1') } });
    expect(await desire(rig, { level: 1 }, { version: 0 })).toMatchObject({ status: 200, body: { shadow: [{ version: 1 }] } });
    expect(await desire(rig, { level: 2 }, { version: 0 })).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('version 1, not 0') } });
    expect(await desire(rig, { level: 2, label: 7 })).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('properties.light.label') } });
    expect(await desire(rig, { 'a.b': null })).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('"a.b"') } });
    expect(await desire(rig, { level: 2 }, { device: 'lamp_9' })).toMatchObject({ status: 404, body: { error_code: 'IOTDA.014000' } });
    expect(rig.platform.twins.read('huawei', 'lamp_1')).toMatchObject([{ version: 1, desired: { values: { level: 1 } } }]);
  });

  it('is told as a problem when the device refuses it', async () => {
    await using rig = await Rig.open();
    const device = rig.device(HUAWEI, 1);
    device.properties.onSet(() => ({ code: 5, text: 'too hot' }));
    await device.connect();
    await desire(rig, { level: 90 });
    expect(await rig.problems.first()).toMatchObject({ code: 'refused', place: { device: 'lamp_1', number: 5 }, message: expect.stringContaining('too hot') });
  });

  it('reaches every sub-device when its gateway connects', async () => {
    const LAMPS = 300;
    await using rig = await Rig.open({ seed: gatewaySeed(0) });
    for (let lamp = 0; lamp < LAMPS; lamp++) rig.platform.registry.createDevice({ cloud: 'huawei', productId: 'lamp', nodeId: `sub${lamp}`, gateway: 'gate_1' });
    const wanted = Array.from({ length: LAMPS }, (_, lamp) => lamp).filter((lamp) => lamp % 3 > 0);
    for (const lamp of wanted) rig.platform.twins.desire('huawei', HUAWEI_GATEWAY.lamp(lamp), [{ service: 'light', values: { level: lamp % 100 } }], 1);
    const gateway = rig.own(HUAWEI_GATEWAY.gateway(rig.server));
    const sets = new Log<string>();
    for (let lamp = 0; lamp < LAMPS; lamp++) {
      gateway.gateway.child(HUAWEI_GATEWAY.lamp(lamp)).properties.onSet(({ device, groups }) => sets.add(`${device} ${JSON.stringify(groups[0]?.values)}`));
    }
    await gateway.connect();
    expect((await sets.take(wanted.length)).toSorted()).toEqual(wanted.map((lamp) => `${HUAWEI_GATEWAY.lamp(lamp)} {"level":${lamp % 100}}`).toSorted());
    expect(sets.all).toHaveLength(wanted.length);
  });
});
