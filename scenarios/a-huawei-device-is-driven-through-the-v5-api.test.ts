import { Device, huawei, reply } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { huaweiIsSet } from './support/core.ts';
import { HUAWEI, SEED } from './support/clouds.ts';
import { Rig } from './support/rig.ts';

const PRODUCT = { product_id: 'kettle', name: 'Kettle', device_type: 'Kettle', protocol_type: 'MQTT', data_format: 'json', service_capabilities: SEED.huawei.products[0].service_capabilities };

describe('A Huawei device', () => {
  it('goes from CreateProduct over sign-in and report to the shadow', async () => {
    await using rig = await Rig.open();
    expect(await rig.huawei('POST', '/products', PRODUCT)).toMatchObject({ status: 201, body: { product_id: 'kettle', service_capabilities: PRODUCT.service_capabilities } });
    const added = await rig.huawei('POST', '/devices', { node_id: 'k1', product_id: 'kettle', auth_info: { auth_type: 'SECRET', secret: 'kettle-secret' } });
    expect(added).toMatchObject({ status: 201, body: { device_id: 'kettle_k1', status: 'INACTIVE', auth_info: { secret: 'kettle-secret' } } });

    const device = rig.own(new Device({ dialect: huawei, server: rig.server, identity: { deviceId: 'kettle_k1', secret: 'kettle-secret' } }));
    await device.connect();
    expect(await rig.huawei('GET', '/devices/kettle_k1')).toMatchObject({ status: 200, body: { status: 'ONLINE', active_time: expect.stringMatching(/^\d{8}T\d{6}Z$/) } });

    const at = Date.UTC(2026, 0, 2, 3, 4, 5);
    await device.properties.report({ service: 'light', values: { level: 40, label: '厨房' }, at }).delivered;
    await device.properties.report({ service: 'light', values: { level: 41 }, at: at + 1000 }).delivered;
    const { body } = await rig.huawei('GET', '/devices/kettle_k1/shadow');
    expect(body).toMatchObject({
      device_id: 'kettle_k1',
      shadow: [{ service_id: 'light', reported: { properties: { level: 41, label: '厨房' }, event_time: '20260102T030406Z' }, version: expect.any(Number) }],
    });

    const mine = await device.shadow.get();
    expect(mine.services).toEqual([{ service: 'light', reported: { level: 41, label: '厨房' }, reportedAt: at + 1000, version: expect.any(Number) }]);
    expect((await device.shadow.get({ service: 'another' })).services).toEqual([]);

    await device.close();
    // The platform hears DISCONNECT and FIN in its own time.
    if (rig.platform.access.isOnline('huawei', 'kettle_k1')) await new Promise<void>((resolve) => rig.platform.once('offline', () => resolve()));
    expect(await rig.huawei('GET', '/devices/kettle_k1')).toMatchObject({ body: { status: 'OFFLINE' } });
    expect(rig.problems.all).toEqual([]);
  });

  it('is set, and what its handler returns is the answer', () => huaweiIsSet({}));

  it('refuses a set with a code of its own, or by throwing, and the API relays it with HTTP 200', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(HUAWEI, 1);
    const undo = device.properties.onSet(() => ({ code: 22, text: 'too hot' }));
    expect(await rig.set(HUAWEI, 1, { level: 1 })).toMatchObject({ status: 200, body: { response: { result_code: 22, result_desc: 'too hot' } } });
    undo();
    device.properties.onSet(() => {
      throw new Error('no power');
    });
    expect(await rig.set(HUAWEI, 1, { level: 1 })).toMatchObject({ status: 200, body: { response: { result_code: -1, result_desc: 'no power' } } });
    expect(rig.told(device).problems.all).toMatchObject([{ code: 'handler-failed', message: expect.stringContaining('no power') }]);
  });

  it('is asked for live values', async () => {
    await using rig = await Rig.open();
    const device = rig.own(HUAWEI.device(1, rig.server)) as Device<typeof huawei>;
    const asked: unknown[] = [];
    device.properties.onGet(({ service }) => {
      asked.push(service);
      return [{ service: 'light', values: { level: 12 } }];
    });
    await device.connect();
    expect(await rig.huawei('GET', '/devices/lamp_1/properties?service_id=light')).toMatchObject({ status: 200, body: { response: { services: [{ service_id: 'light', properties: { level: 12 } }] } } });
    expect(asked).toEqual(['light']);
    // Asking does not report.
    expect(await rig.reported(HUAWEI, 1)).toEqual({});
  });

  it('answers a command with its output, under the name it gives', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(HUAWEI, 1);
    const calls: unknown[] = [];
    device.commands.handle('blink', async ({ service, name, args }) => {
      calls.push({ service, name, args });
      await Promise.resolve();
      return reply({ code: 0, name: 'blink_rsp', output: { blinked: 3 } });
    });
    expect(await rig.blink(HUAWEI, 1, 3)).toMatchObject({ status: 200, body: { command_id: expect.any(String), response: { result_code: 0, response_name: 'blink_rsp', paras: { blinked: 3 } } } });
    expect(calls).toEqual([{ service: 'light', name: 'blink', args: { times: 3 } }]);
  });

  it('whose handler fails answers with the failure, which the API relays with HTTP 200', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(HUAWEI, 1);
    const undo = device.commands.handle('blink', () => Promise.reject(new Error('the bulb is broken')));
    expect(await rig.blink(HUAWEI, 1)).toMatchObject({ status: 200, body: { response: { result_code: -1, paras: { error: 'the bulb is broken' } } } });
    undo();
    device.commands.handle('blink', () => reply({ code: 7, output: { left: 2 } }));
    expect(await rig.blink(HUAWEI, 1)).toMatchObject({ status: 200, body: { response: { result_code: 7, paras: { left: 2 } } } });
  });

  it('that handles no commands says so at once, and tells its own program', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(HUAWEI, 1);
    expect(await rig.blink(HUAWEI, 1)).toMatchObject({ status: 200, body: { response: { result_code: -1 } } });
    expect(rig.told(device).problems.all).toMatchObject([{ code: 'unknown-message', message: expect.stringContaining('commands.handle("blink"') }]);
  });

  it('reports what its model does not know, and the rest of the report is kept', async () => {
    await using rig = await Rig.open();
    const device = await rig.online(HUAWEI, 1);
    await device.properties.report({ service: 'light', values: { level: 9, colour: 'red' } }).delivered;
    expect(await rig.reported(HUAWEI, 1)).toEqual({ level: 9 });
    expect(rig.problems.all).toMatchObject([{ code: 'model-violation', message: expect.stringContaining('colour') }]);
  });
});
