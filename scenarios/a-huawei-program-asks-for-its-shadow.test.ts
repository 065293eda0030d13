import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IotDevice, IotResult, ServiceProperty, ShadowData } from 'lianyun/huawei';
import { SEED } from './support/clouds.ts';
import { authOf, told } from './support/huawei-program.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

const [LAMP] = SEED.huawei.devices;
const URL = `/devices/${LAMP.device_id}`;
/** A second, as the platform writes an instant, in the form of this face. */
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

let rig: Rig;
let device: IotDevice;

beforeEach(async () => {
  rig = await Rig.open();
  device = new IotDevice({ connectAuthInfo: authOf(rig) });
});

afterEach(async () => {
  await device.destroy();
  await rig[Symbol.asyncDispose]();
});

describe('A program in the words of Huawei’s own SDK', () => {
  it('asks for its shadow, all of it or one service, by position or by name, and for that of a sub-device', async () => {
    const client = device.getClient();
    const seen = new Log<[id: string, of: string, shadow: ShadowData[]]>();
    const by = (id: string): Promise<[string, string, ShadowData[]]> => seen.first(([each]) => each === id);
    client.setDeviceShadowListener({ onShadowGet: (...args) => seen.add(args) });
    await rig.huawei('POST', '/devices', { node_id: 'sub', product_id: 'lamp', gateway_id: LAMP.device_id });
    await device.connect();
    const reported = told();
    client.reportProperties([new ServiceProperty({ serviceId: 'light', properties: { level: 7 }, eventTime: '2026-11-22T01:02:03.000Z' })], reported.listener);
    await reported.outcome;
    const asked = told();
    client.getDeviceShadow('all', null, null, asked.listener);
    expect(await asked.outcome).toMatch(/success/);
    const [, of, [light]] = await by('all');
    expect(of).toBe(LAMP.device_id);
    expect(light).toBeInstanceOf(ShadowData);
    expect(light).toMatchObject({ serviceId: 'light', reported: { properties: { level: 7 }, eventTime: '2026-11-22T01:02:03.000Z' }, version: expect.any(Number) as number });

    client.getDeviceShadow('one', 'light');
    expect((await by('one'))[2]).toMatchObject([{ serviceId: 'light' }]);
    client.getDeviceShadow({ requestId: 'none', serviceId: 'no-such-service' });
    expect(await by('none')).toEqual(['none', LAMP.device_id, []]);
    client.getDeviceShadow('child', null, 'lamp_sub');
    expect(await by('child')).toEqual(['child', 'lamp_sub', []]);
    client.getDeviceShadow({ requestId: 'child2', objectDeviceId: 'lamp_sub' });
    expect((await by('child2'))[1]).toBe('lamp_sub');
  });

  it('is given what is desired of it, sees it in its shadow until it reports it, and takes listeners back', async () => {
    const client = device.getClient();
    const seen = new Log<ShadowData[]>();
    const sets = new Log<unknown>();
    client.setDeviceShadowListener({ onShadowGet: (_id, _of, shadow) => seen.add(shadow) });
    // The name that the vendor's overview has.
    client.setPropertyListener({
      onPropertySet: (requestId, services) => {
        client.respondPropertiesSet(requestId, IotResult.SUCCESS);
        sets.add(services.map(({ properties }) => properties));
      },
      onPropertyGet: (requestId) => client.respondPropertiesGet(requestId, []),
    });
    expect(await rig.huawei('PUT', `${URL}/shadow`, { shadow: [{ service_id: 'light', desired: { level: 42 } }] })).toMatchObject({ status: 200 });
    await device.connect();
    expect(await sets.first()).toEqual([{ level: 42 }]);
    client.getDeviceShadow('r1');
    expect(await seen.first()).toMatchObject([{ serviceId: 'light', desired: { properties: { level: 42 }, eventTime: INSTANT } }]);
    client.setPropertiesListener(null);
    expect(await rig.huawei('PUT', `${URL}/properties`, { services: [{ service_id: 'light', properties: { level: 1 } }] })).toMatchObject({ body: { response: { result_code: -1, result_desc: 'this device has no property listener' } } });
    expect(await rig.huawei('GET', `${URL}/properties?service_id=light`)).toMatchObject({ body: { response: { services: [] } } });
  });
});
